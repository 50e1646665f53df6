package org.bitfusion.gpu.soft.interpreter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Accesses of plain shared memory by the lanes of a warp keep their order without a barrier.
@Timeout(60)
class WarpOrderTest {
    private static final String CELLS =
            """
            .shared .align 4 .b8 cells[1024]; .shared .align 4 .b8 spare[1024];
            mul.wide.u32 %rd3, %r0, 4; add.u64 %rd4, %rd0, %rd3;
            shl.b32 %r1, %r0, 2; mov.u32 %r2, cells; add.s32 %r3, %r2, %r1;
            """;

    private static int[] run(String code, int threads) {
        TestGpu gpu = new TestGpu(KernelText.kernel(CELLS + code));
        long result = gpu.ints(new int[threads]);
        gpu.launch("k", 1, threads, result);
        return gpu.readInts(result, threads);
    }

    private static int[] expected(int threads, IntUnaryOperator value) {
        return IntStream.range(0, threads).map(value).toArray();
    }

    @Test
    void aLaneReadsWhatItsNeighbourStoredJustBefore() {
        String code =
                """
                add.s32 %r4, %r0, 100; st.shared.u32 [%r3], %r4;
                xor.b32 %r5, %r1, 4; add.s32 %r6, %r2, %r5; ld.shared.u32 %r7, [%r6];
                st.global.u32 [%rd4], %r7;
                """;
        assertThat(run(code, 64)).isEqualTo(expected(64, i -> 100 + (i ^ 1)));
    }

    @Test
    void allLanesReadBeforeOneOverwrites() {
        String code =
                """
                add.s32 %r4, %r0, 100; st.shared.u32 [%r3], %r4; bar.sync 0;
                ld.shared.u32 %r5, [%r3]; sub.s32 %r6, 31, %r0; shl.b32 %r6, %r6, 2;
                add.s32 %r6, %r2, %r6; st.shared.u32 [%r6], %r5; bar.sync 0;
                ld.shared.u32 %r7, [%r3]; st.global.u32 [%rd4], %r7;
                """;
        assertThat(run(code, 32)).isEqualTo(expected(32, i -> 131 - i));
    }

    @Test
    void someLanesReadBeforeAllOverwrite() {
        String code =
                """
                st.shared.u32 [%r3], %r0; setp.eq.s32 %p1, %r0, 0; bar.sync 0; mov.u32 %r8, 0;
                again: not.b32 %r7, %r8; @%p1 bra store;
                ld.shared.u32 %r7, [%r3+-4];
                store: st.shared.u32 [%r3], %r7; bar.sync 0;
                add.s32 %r8, %r8, 1; setp.lt.s32 %p2, %r8, 3; @%p2 bra again;
                ld.shared.u32 %r7, [%r3]; st.global.u32 [%rd4], %r7;
                """;
        assertThat(run(code, 32)).isEqualTo(expected(32, i -> i - 3));
    }

    /// The end of an old reduction: 32 lanes, no barriers, nothing volatile.
    @Test
    void aWarpReducesUnderABranch() {
        StringBuilder code =
                new StringBuilder("st.shared.u32 [%r3], %r0; bar.sync 0;")
                        .append("setp.gt.u32 %p1, %r0, 31; @%p1 bra done;");
        for (int distance = 32; distance > 0; distance /= 2) {
            code.append(
                    """
                    ld.shared.u32 %%r4, [%%r3+%d]; ld.shared.u32 %%r5, [%%r3];
                    add.s32 %%r5, %%r5, %%r4; st.shared.u32 [%%r3], %%r5;
                    """
                            .formatted(4 * distance));
        }
        code.append("done: bar.sync 0; ld.shared.u32 %r6, [cells]; st.global.u32 [%rd4], %r6;");
        assertThat(run(code.toString(), 64)).containsOnly(63 * 64 / 2);
    }

    @Test
    void roundsOfALoopKeepTheOrder() {
        String code =
                """
                st.shared.u32 [%r3], %r0; mov.u32 %r8, 0; add.s32 %r9, %r0, 1; and.b32 %r9, %r9, 31;
                shl.b32 %r9, %r9, 2; add.s32 %r9, %r2, %r9;
                again: ld.shared.u32 %r7, [%r9]; st.shared.u32 [%r3], %r7;
                add.s32 %r8, %r8, 1; setp.lt.s32 %p2, %r8, 5; @%p2 bra again;
                st.global.u32 [%rd4], %r7;
                """;
        assertThat(run(code, 32)).isEqualTo(expected(32, i -> (i + 5) & 31));
    }

    @Test
    void genericAddressesAndAtomicsCountToo() {
        String code =
                """
                st.shared.u32 [%r3], %r0; cvt.u64.u32 %rd5, %r2; cvta.shared.u64 %rd5, %rd5;
                xor.b32 %r5, %r1, 8; cvt.u64.u32 %rd6, %r5; add.u64 %rd6, %rd5, %rd6;
                atom.add.u32 %r6, [%rd6], 100;
                ld.shared.u32 %r7, [%r3]; add.s32 %r7, %r7, %r6; st.global.u32 [%rd4], %r7;
                """;
        assertThat(run(code, 32)).isEqualTo(expected(32, i -> 100 + i + (i ^ 2)));
    }

    @Test
    void aLaterStoreWins() {
        String code =
                """
                st.shared.u32 [%r3+4], %r0; st.shared.u32 [%r3], 7; bar.sync 0;
                ld.shared.u32 %r7, [%r3]; st.global.u32 [%rd4], %r7;
                """;
        assertThat(run(code, 32)).containsOnly(7);
    }
}
