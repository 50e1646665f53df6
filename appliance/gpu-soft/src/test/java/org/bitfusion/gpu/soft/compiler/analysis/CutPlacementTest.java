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
}
