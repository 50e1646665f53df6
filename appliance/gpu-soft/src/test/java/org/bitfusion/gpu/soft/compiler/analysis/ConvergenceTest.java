package org.bitfusion.gpu.soft.compiler.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import org.bitfusion.gpu.soft.interpreter.SingleInstruction;
import org.bitfusion.ptx.PtxModule;
import org.bitfusion.ptx.PtxParser;
import org.bitfusion.ptx.SharedLayout;
import org.junit.jupiter.api.Test;

class ConvergenceTest {
    private static final String HEAD =
            """
            .version 8.5
            .target sm_80
            .address_size 64
            .visible .entry k(.param .u64 p0, .param .u32 p1) {
            .reg .pred %p<9>; .reg .b32 %r<20>; .reg .b64 %rd<20>; .reg .f32 %f<9>;
            .shared .align 4 .b8 common[256];
            ld.param.u64 %rd1, [p0]; ld.param.u32 %r1, [p1]; mov.u32 %r2, %tid.x;
            """;

    /// The loop of a tree in shared memory: the distance is halved between barriers.
    private static final String TREE =
            """
            mov.u32 %r3, 32; mov.u32 %r4, common;
            next: bar.sync 0; setp.ge.u32 %p1, %r2, %r3; @%p1 bra skip;
            shl.b32 %r5, %r3, 2; add.s32 %r5, %r5, %r4; ld.shared.u32 %r6, [%r5];
            skip: shr.u32 %r3, %r3, 1; setp.ne.s32 %p1, %r3, 0; @%p1 bra next;
            """;

    private static Kernel kernel(String code) {
        PtxModule module = PtxParser.parse(HEAD + code + "\nret; }\n");
        var function = module.kernels().getFirst();
        return Kernel.of(
                module,
                FlatBody.of(function),
                SharedLayout.of(module, function),
                1 << 20,
                MethodBudget.BYTES,
                SingleInstruction::of);
    }

    private static Convergence convergence(Kernel kernel) {
        return new Convergence(kernel.flow(), kernel.use(), kernel.uniform(), _ -> true);
    }

    private static boolean staysTogether(String code) {
        return convergence(kernel(code)).together();
    }

    /// Whether `register` is known to be the same in all threads where the last cut leads.
    private static boolean agreesAtLastCut(String code, String register) {
        Kernel kernel = kernel(code);
        int number =
                kernel.body().registers().stream()
                        .filter(r -> r.name().equals(register))
                        .findFirst()
                        .orElseThrow()
                        .number();
        return convergence(kernel).agrees(kernel.flow().cuts().getLast().target(), number);
    }

    @Test
    void aLoopAroundABarrierWithACommonCounterStaysTogether() {
        assertThat(staysTogether(TREE)).isTrue();
        assertThat(agreesAtLastCut(TREE, "%r3")).isTrue();
        assertThat(agreesAtLastCut(TREE, "%r2")).isFalse();
    }

    @Test
    void aBarrierOnOneSideOfABranchPartsThreads() {
        assertThat(
                        staysTogether(
                                "setp.lt.u32 %p1, %r2, 7; @%p1 bra over; bar.sync 0; over: mov.u32 %r3, 1;"))
                .isFalse();
    }

    @Test
    void aBarrierAfterSomeThreadsHaveExitedPartsThreads() {
        assertThat(staysTogether("setp.lt.u32 %p1, %r2, %r1; @%p1 ret; bar.sync 0;")).isFalse();
    }

    @Test
    void aBarrierOnOneSideOfACommonBranchDoesNot() {
        assertThat(
                        staysTogether(
                                "setp.lt.u32 %p1, %r1, 7; @%p1 bra over; bar.sync 0; over: mov.u32 %r3, 1;"))
                .isTrue();
    }

    @Test
    void whatIsWrittenInALoopThatThreadsLeaveAtDifferentTimesDiffers() {
        String code =
                """
                mov.u32 %r3, 0; mov.u32 %r4, 5;
                loop: add.s32 %r3, %r3, 1; setp.lt.u32 %p1, %r3, %r2; @%p1 bra loop;
                bar.sync 0; add.s32 %r5, %r3, %r4;
                """;
        assertThat(staysTogether(code)).isTrue();
        assertThat(agreesAtLastCut(code, "%r3")).isFalse();
    }

    @Test
    void whatIsWrittenUnderAGuardDiffersAsTheGuardDoes() {
        String code =
                "mov.u32 %r3, 0; setp.lt.u32 %p1, GUARD, 7; @%p1 add.s32 %r3, %r3, 1; bar.sync 0;"
                        + " add.s32 %r3, %r3, 1;";
        assertThat(agreesAtLastCut(code.replace("GUARD", "%r1"), "%r3")).isTrue();
        assertThat(agreesAtLastCut(code.replace("GUARD", "%r2"), "%r3")).isFalse();
    }

    @Test
    void aLaterCommonWriteMakesARegisterAgreeAgain() {
        String code = "mov.u32 %r3, %tid.y; add.s32 %r3, %r3, 1; WRITE bar.sync 0; bar.sync 0;";
        assertThat(agreesAtLastCut(code.replace("WRITE", ""), "%r3")).isFalse();
        assertThat(agreesAtLastCut(code.replace("WRITE", "mov.u32 %r3, 1;"), "%r3")).isTrue();
    }

    @Test
    void whatIsLoadedOrExchangedDiffers() {
        String code =
                "ld.global.u32 %r3, [%rd1]; shfl.sync.idx.b32 %r4, %r3, 0, 31, -1; bar.sync 0;";
        assertThat(agreesAtLastCut(code, "%r3")).isFalse();
        assertThat(agreesAtLastCut(code, "%r4")).isFalse();
    }
}
