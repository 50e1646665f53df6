package org.bitfusion.gpu.soft.compiler.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.bitfusion.gpu.soft.interpreter.SingleInstruction;
import org.bitfusion.ptx.PtxModule;
import org.bitfusion.ptx.PtxParser;
import org.bitfusion.ptx.SharedLayout;
import org.junit.jupiter.api.Test;

class CutPlacementTest {
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

    private static Kernel kernel(String code, int methodBytes) {
        PtxModule module = PtxParser.parse(HEAD + code + "\nret; }\n");
        var function = module.kernels().getFirst();
        return Kernel.of(
                module,
                FlatBody.of(function),
                SharedLayout.of(module, function),
                1 << 20,
                methodBytes,
                SingleInstruction::of);
    }

    private static List<Cut.Kind> cuts(String code) {
        return kernel(code, MethodBudget.BYTES).flow().cuts().stream().map(Cut::kind).toList();
    }

    @Test
    void aKernelWithoutMeetingsIsOneRegion() {
        assertThat(
                        kernel(
                                        "loop: add.s32 %r2, %r2, 1; setp.lt.s32 %p1, %r2, %r1; @%p1 bra loop;",
                                        6000)
                                .regions())
                .hasSize(1);
    }

    @Test
    void barriersAndShufflesCut() {
        assertThat(
                        cuts(
                                "bar.sync 0; shfl.sync.down.b32 %r3, %r2, 1, 31, -1; st.global.u32 [%rd1], %r3;"))
                .containsExactly(Cut.Kind.BARRIER, Cut.Kind.WARP);
    }

    @Test
    void aLoopThatWaitsForAFlagYields() {
        assertThat(
                        cuts(
                                "wait: ld.volatile.global.u32 %r3, [%rd1]; setp.eq.u32 %p1, %r3, 0; @%p1 bra wait;"))
                .containsExactly(Cut.Kind.YIELD);
    }

    @Test
    void aLoopWithAnAtomicWhoseResultDecidesNothingDoesNotYield() {
        assertThat(
                        cuts(
                                "loop: atom.global.add.u32 %r3, [%rd1], 1; add.s32 %r2, %r2, 1;"
                                        + " setp.lt.s32 %p1, %r2, %r1; @%p1 bra loop;"))
                .isEmpty();
    }

    @Test
    void aPlainLoadBesideAFenceMayBeWaitedFor() {
        assertThat(
                        cuts(
                                "wait: membar.gl; ld.global.u32 %r3, [%rd1]; setp.eq.u32 %p1, %r3, 0;"
                                        + " @%p1 bra wait;"))
                .containsExactly(Cut.Kind.YIELD);
    }

    @Test
    void volatileSharedAccessesAreMeetings() {
        assertThat(
                        cuts(
                                "st.volatile.shared.u32 [common], %r2;"
                                        + " ld.volatile.shared.u32 %r3, [common];"))
                .containsOnly(Cut.Kind.MEETING);
    }

    @Test
    void longCodeIsCutIntoRegionsWithinTheBudget() {
        String code = "add.s32 %r2, %r2, 3; xor.b32 %r3, %r2, %r1;\n".repeat(2_000);

        Kernel kernel = kernel(code, MethodBudget.BYTES);

        assertThat(kernel.regions()).hasSizeGreaterThan(5);
        assertThat(kernel.flow().cuts()).allMatch(cut -> cut.kind() == Cut.Kind.FORCED);
    }

    @Test
    void whatComesFromParametersIsTheSameForAllThreads() {
        Kernel kernel =
                kernel(
                        "add.s32 %r3, %r1, 5; add.s32 %r4, %r3, %r2; bar.sync 0;"
                                + " st.global.u32 [%rd1], %r3; st.global.u32 [%rd1+4], %r4;",
                        MethodBudget.BYTES);

        assertThat(kernel.layout().count(ValueKind.INT)).isEqualTo(1);
        assertThat(kernel.layout().count(ValueKind.LONG)).isZero();
    }

    @Test
    void tilesBetweenBarriersNeedNoMeeting() {
        String multiply =
                """
                mov.u32 %r3, %tid.y; shl.b32 %r4, %r2, 2; shl.b32 %r5, %r3, 6; mov.u32 %r6, common;
                mov.u32 %r7, other; add.s32 %r8, %r4, %r5; add.s32 %r9, %r6, %r8;
                add.s32 %r10, %r7, %r8; add.s32 %r11, %r6, %r5; add.s32 %r12, %r7, %r4;
                again: ld.global.f32 %f1, [%rd1]; st.shared.f32 [%r9], %f1; st.shared.f32 [%r10], %f1;
                bar.sync 0;
                ld.shared.f32 %f2, [%r11]; ld.shared.f32 %f3, [%r12]; fma.rn.f32 %f4, %f2, %f3, %f4;
                ld.shared.f32 %f2, [%r11+4]; ld.shared.f32 %f3, [%r12+64]; fma.rn.f32 %f4, %f2, %f3, %f4;
                bar.sync 0;
                add.s32 %r1, %r1, -1; setp.ne.s32 %p1, %r1, 0; @%p1 bra again;
                """;
        assertThat(cuts(".shared .align 4 .b8 other[256];" + multiply))
                .containsExactly(Cut.Kind.BARRIER, Cut.Kind.BARRIER);
    }

    @Test
    void aTreeReductionNeedsNoMeeting() {
        String reduce =
                """
                mov.u32 %r3, %ntid.x; shl.b32 %r4, %r2, 2; mov.u32 %r5, common; add.s32 %r6, %r5, %r4;
                st.shared.u32 [%r6], %r2;
                again: shr.u32 %r7, %r3, 1; bar.sync 0; setp.ge.u32 %p1, %r2, %r7; @%p1 bra next;
                shl.b32 %r8, %r7, 2; add.s32 %r9, %r6, %r8;
                ld.shared.u32 %r10, [%r9]; ld.shared.u32 %r11, [%r6]; add.s32 %r11, %r11, %r10;
                st.shared.u32 [%r6], %r11;
                next: setp.gt.u32 %p2, %r3, 3; mov.u32 %r3, %r7; @%p2 bra again;
                """;
        assertThat(cuts(reduce)).containsExactly(Cut.Kind.BARRIER);
    }

    @Test
    void ownCellsNeedNoMeeting() {
        String own =
                """
                mov.u32 %r3, %ntid.x; shl.b32 %r3, %r3, 2; shl.b32 %r4, %r2, 2; mov.u32 %r5, common;
                add.s32 %r6, %r5, %r4;
                again: ld.shared.u32 %r7, [%r6]; add.s32 %r7, %r7, 1; st.shared.u32 [%r6], %r7;
                add.s32 %r6, %r6, %r3; add.s32 %r1, %r1, -1; setp.ne.s32 %p1, %r1, 0; @%p1 bra again;
                """;
        assertThat(cuts(own)).isEmpty();
    }

    @Test
    void oneThreadNeedsNoMeeting() {
        String sum =
                """
                setp.ne.s32 %p1, %r2, 0; @%p1 bra done;
                again: ld.shared.u32 %r3, [common+4]; st.shared.u32 [common], %r3;
                add.s32 %r1, %r1, -1; setp.ne.s32 %p2, %r1, 0; @%p2 bra again;
                done:
                """;
        assertThat(cuts(sum)).isEmpty();
    }

    @Test
    void exchangesOfPairsNeedNoMeeting() {
        String exchange =
                """
                shl.b32 %r3, %r2, 2; mov.u32 %r4, common; add.s32 %r5, %r4, %r3;
                xor.b32 %r6, %r2, %r1; shl.b32 %r7, %r6, 2; add.s32 %r8, %r4, %r7;
                setp.le.u32 %p1, %r6, %r2; @%p1 bra done;
                ld.shared.u32 %r9, [%r5]; ld.shared.u32 %r10, [%r8];
                st.shared.u32 [%r5], %r10; st.shared.u32 [%r8], %r9;
                done:
                """;
        assertThat(cuts(exchange)).isEmpty();
        assertThat(cuts(exchange.replace("setp.le", "setp.ne"))).contains(Cut.Kind.MEETING);
    }

    @Test
    void whatBelongsToNobodyNeedsAMeeting() {
        String one = "shl.b32 %r3, %r2, 2; mov.u32 %r4, common; add.s32 %r5, %r4, %r3;";
        for (String pair :
                List.of(
                        "st.shared.u32 [%r5], %r1; ld.shared.u32 %r6, [common];",
                        "ld.shared.u32 %r6, [%r5+4]; st.shared.u32 [%r5], %r6;",
                        "st.shared.u32 [%r5], %r1; ld.shared.u32 %r6, [%r1];",
                        "st.shared.u32 [%r1], %r1; ld.shared.u32 %r6, [%r1];",
                        "red.shared.add.u32 [common], %r1; ld.shared.u32 %r6, [common];")) {
            assertThat(cuts(one + pair)).as(pair).containsExactly(Cut.Kind.MEETING);
        }
    }

    @Test
    void lanesThatSkipCodeComeToItsMeeting() {
        String some =
                """
                shl.b32 %r4, %r2, 2; mov.u32 %r5, common; add.s32 %r6, %r5, %r4;
                setp.gt.s32 %p1, %r2, %r1; @%p1 bra done;
                ld.shared.u32 %r7, [%r6+4]; st.shared.u32 [%r6], %r7;
                done: bar.sync 0; st.global.u32 [%rd1], %r6;
                """;
        Kernel kernel = kernel(some, MethodBudget.BYTES);
        assertThat(kernel.flow().cuts().stream().map(Cut::kind))
                .containsExactlyInAnyOrder(Cut.Kind.MEETING, Cut.Kind.BARRIER);
        Convergence convergence =
                new Convergence(kernel.flow(), kernel.use(), kernel.uniform(), _ -> true);
        assertThat(convergence.together()).isTrue();
    }
}
