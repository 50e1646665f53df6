package org.bitfusion.gpu.soft.interpreter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.bitfusion.gpu.soft.execution.KernelFault;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Programs that finish only if every thread goes on, whatever the others wait for.
@Timeout(60)
class ForwardProgressTest {

    @Test
    void aGridBarrierIsSpunOnByAllResidentBlocks() {
        String code =
                """
                mov.u32 %r1, %ctaid.x; mov.u32 %r2, %nctaid.x;
                mul.wide.u32 %rd3, %r1, 4; add.u64 %rd4, %rd0, %rd3;
                setp.ne.u32 %p1, %r0, 0; @%p1 bra meet;
                add.u32 %r3, %r1, 10; st.global.u32 [%rd4], %r3;
                membar.gl;
                atom.add.release.gpu.u32 %r4, [%rd1], 1;
                spin: ld.acquire.gpu.u32 %r5, [%rd1];
                setp.lt.u32 %p2, %r5, %r2; @%p2 bra spin;
                meet: barrier.sync 0;
                add.u32 %r6, %r1, 1; rem.u32 %r6, %r6, %r2;
                mul.wide.u32 %rd5, %r6, 4; add.u64 %rd6, %rd0, %rd5;
                ld.global.u32 %r7, [%rd6];
                @%p1 bra done;
                add.u64 %rd7, %rd2, %rd3; st.global.u32 [%rd7], %r7;
                done:
                """;
        TestGpu gpu = new TestGpu(KernelText.kernel(code), 4);
        long seen = gpu.ints(0, 0, 0, 0);

        gpu.launch("k", 4, 64, gpu.ints(0, 0, 0, 0), gpu.ints(0), seen);

        assertThat(gpu.readInts(seen, 4)).containsExactly(11, 12, 13, 10);
    }

    @Test
    void lookBackOverEarlierBlocksWithFewerSlotsThanBlocks() {
        String code =
                """
                mov.u32 %r1, %ctaid.x; setp.ne.u32 %p1, %r0, 0; @%p1 bra done;
                mul.wide.u32 %rd3, %r1, 8; add.u64 %rd4, %rd0, %rd3;
                mov.u32 %r3, 0; setp.eq.u32 %p2, %r1, 0; @%p2 bra publish;
                wait: ld.volatile.global.v2.u32 {%r4, %r3}, [%rd4+-8];
                setp.eq.u32 %p3, %r4, 0; @%p3 bra wait;
                publish: add.u32 %r5, %r3, %r1;
                st.volatile.global.v2.u32 [%rd4], {1, %r5};
                done:
                """;
        TestGpu gpu = new TestGpu(KernelText.kernel(code), 2);
        long states = gpu.ints(new int[40]);

        gpu.launch("k", 20, 32, states);

        int[] values = gpu.readInts(states, 40);
        assertThat(values[39]).isEqualTo(19 * 20 / 2);
    }

    @Test
    void aLaneMayWaitForAFlagThatItsNeighbourSets() {
        for (String load : new String[] {"ld.volatile.shared", "ld.relaxed.cta.shared"}) {
            String code =
                    """
                    .shared .align 4 .b8 flag[4];
                    .shared .align 4 .b8 value[4];
                    setp.ne.u32 %p1, %r0, 31; @%p1 bra consumer;
                    st.volatile.shared.u32 [value], 77; membar.cta; st.volatile.shared.u32 [flag], 1;
                    bra.uni done;
                    consumer: setp.ne.u32 %p2, %r0, 0; @%p2 bra done;
                    wait: LOAD.u32 %r1, [flag]; setp.eq.u32 %p3, %r1, 0; @%p3 bra wait;
                    ld.volatile.shared.u32 %r2, [value]; st.global.u32 [%rd0], %r2;
                    done:
                    """
                            .replace("LOAD", load);
            TestGpu gpu = new TestGpu(KernelText.kernel(code));
            long result = gpu.ints(0);

            gpu.launch("k", 1, 32, result);

            assertThat(gpu.readInts(result, 1)).as(load).containsExactly(77);
        }
    }

    @Test
    void lanesOfAWarpStayInStepOverVolatileSharedMemory() {
        StringBuilder code =
                new StringBuilder(
                        """
                        .shared .align 4 .b8 sums[512];
                        shl.b32 %r1, %r0, 2; mov.u32 %r2, sums; add.u32 %r3, %r2, %r1;
                        st.volatile.shared.u32 [%r3], %r0;
                        setp.ge.u32 %p1, %r0, 32; bar.sync 0; @%p1 bra done;
                        """);
        for (int distance : new int[] {32, 16, 8, 4, 2, 1}) {
            code.append(
                    """
                    ld.volatile.shared.u32 %%r4, [%%r3+%d]; ld.volatile.shared.u32 %%r5, [%%r3];
                    add.u32 %%r6, %%r4, %%r5; st.volatile.shared.u32 [%%r3], %%r6;
                    """
                            .formatted(4 * distance));
        }
        code.append(
                "setp.ne.u32 %p2, %r0, 0; @%p2 bra done;"
                        + "ld.volatile.shared.u32 %r7, [sums]; st.global.u32 [%rd0], %r7; done:");
        TestGpu gpu = new TestGpu(KernelText.kernel(code.toString()));
        long result = gpu.ints(0);

        gpu.launch("k", 1, 64, result);

        assertThat(gpu.readInts(result, 1)).containsExactly(63 * 64 / 2);
    }

    @Test
    void aSpinLockIsTakenByEveryThreadOfEveryBlock() {
        String code =
                """
                try: atom.global.cas.b32 %r1, [%rd0], 0, 1;
                setp.ne.s32 %p1, %r1, 0; @%p1 bra try;
                membar.gl;
                ld.volatile.global.u32 %r2, [%rd1]; add.u32 %r2, %r2, 1; st.volatile.global.u32 [%rd1], %r2;
                membar.gl;
                atom.global.exch.b32 %r3, [%rd0], 0;
                """;
        TestGpu gpu = new TestGpu(KernelText.kernel(code), 3);
        long count = gpu.ints(0);

        gpu.launch("k", 3, 96, gpu.ints(0), count);

        assertThat(gpu.readInts(count, 1)).containsExactly(288);
    }

    @Test
    void exitedThreadsCountAsArrived() {
        String code =
                """
                setp.ge.u32 %p1, %r0, 40; @%p1 exit;
                bar.sync 0;
                atom.global.add.u32 %r1, [%rd0], 1;
                """;
        TestGpu gpu = new TestGpu(KernelText.kernel(code));
        long count = gpu.ints(0);

        gpu.launch("k", 1, 100, count);

        assertThat(gpu.readInts(count, 1)).containsExactly(40);
    }

    @Test
    void namedBarriersLetProducersGoOn() {
        String code =
                """
                .shared .align 4 .b8 data[256];
                shl.b32 %r1, %r0, 2; mov.u32 %r2, data; add.u32 %r3, %r2, %r1;
                setp.ge.u32 %p1, %r0, 32; @%p1 bra consumer;
                add.u32 %r4, %r0, 100; st.shared.u32 [%r3], %r4;
                bar.arrive 3, 64; bra.uni done;
                consumer: bar.sync 3, 64;
                ld.shared.u32 %r5, [%r3+-128]; mul.wide.u32 %rd3, %r0, 4;
                add.u64 %rd4, %rd0, %rd3; st.global.u32 [%rd4], %r5;
                done:
                """;
        TestGpu gpu = new TestGpu(KernelText.kernel(code));
        long result = gpu.ints(new int[64]);

        gpu.launch("k", 1, 64, result);

        int[] expected = IntStream.range(0, 64).map(i -> i < 32 ? 0 : 100 + i - 32).toArray();
        assertThat(gpu.readInts(result, 64)).isEqualTo(expected);
    }

    @Test
    void arrivalsThatCompleteABarrierAloneLeaveItEmpty() {
        String code =
                """
                .shared .align 4 .b8 word[4];
                setp.eq.u32 %p1, %r0, 0; @%p1 st.shared.u32 [word], 0;
                bar.sync 0;
                bar.arrive 1, 64; bar.arrive 1, 64; bar.arrive 1, 64;
                bar.sync 0;
                setp.lt.u32 %p2, %r0, 32; @%p2 bra lower;
                bar.sync 3, 32; bar.sync 3, 32; st.shared.u32 [word], 7; bar.sync 1, 64;
                bra.uni done;
                lower: bar.sync 1, 64;
                done: ld.shared.u32 %r1, [word]; mul.wide.u32 %rd3, %r0, 4;
                add.u64 %rd4, %rd0, %rd3; st.global.u32 [%rd4], %r1;
                """;
        TestGpu gpu = new TestGpu(KernelText.kernel(code));
        long result = gpu.ints(new int[64]);

        gpu.launch("k", 1, 64, result);

        assertThat(gpu.readInts(result, 64)).containsOnly(7);
    }

    @Test
    void producersMayRunAheadByOnePhase() {
        String code =
                """
                .shared .align 4 .b8 cells[256];
                mov.u32 %r2, cells; and.b32 %r1, %r0, 31; shl.b32 %r1, %r1, 2;
                add.u32 %r3, %r2, %r1; mov.u32 %r4, 0; mov.u32 %r5, 0;
                setp.ge.u32 %p1, %r0, 32; @%p1 bra consumer;
                produce: bar.sync 2, 64;
                add.u32 %r6, %r4, %r0; st.shared.u32 [%r3], %r6; bar.arrive 1, 64;
                add.u32 %r4, %r4, 1; setp.lt.u32 %p2, %r4, 50; @%p2 bra produce;
                bra.uni done;
                consumer: bar.arrive 2, 64;
                consume: bar.sync 1, 64; ld.shared.u32 %r6, [%r3]; add.u32 %r5, %r5, %r6;
                add.u32 %r4, %r4, 1; setp.ge.u32 %p2, %r4, 50; @%p2 bra store;
                bar.arrive 2, 64; bra.uni consume;
                store: mul.wide.u32 %rd3, %r0, 4;
                add.u64 %rd4, %rd0, %rd3; st.global.u32 [%rd4+-128], %r5;
                done:
                """;
        TestGpu gpu = new TestGpu(KernelText.kernel(code));
        long result = gpu.ints(new int[32]);

        gpu.launch("k", 1, 64, result);

        int[] sums = IntStream.range(0, 32).map(lane -> 50 * lane + 49 * 50 / 2).toArray();
        assertThat(gpu.readInts(result, 32)).isEqualTo(sums);
    }

    @Test
    void barriersReduceAPredicateOverTheBlock() {
        String code =
                """
                setp.lt.u32 %p1, %r0, 70;
                bar.red.popc.u32 %r1, 0, %p1;
                bar.red.and.pred %p2, 0, %p1; selp.u32 %r2, 1, 0, %p2;
                bar.red.or.pred %p3, 1, !%p1; selp.u32 %r3, 1, 0, %p3;
                setp.ne.u32 %p4, %r0, 5; @%p4 bra done;
                st.global.u32 [%rd0], %r1; st.global.u32 [%rd0+4], %r2; st.global.u32 [%rd0+8], %r3;
                done:
                """;
        TestGpu gpu = new TestGpu(KernelText.kernel(code));
        long result = gpu.ints(9, 9, 9);

        gpu.launch("k", 1, 96, result);

        assertThat(gpu.readInts(result, 3)).containsExactly(70, 0, 1);
    }

    @Test
    void halvesOfAWarpExchangeWhileDiverged() {
        String code =
                """
                mul.wide.u32 %rd3, %r0, 4; add.u64 %rd4, %rd0, %rd3;
                setp.ge.u32 %p1, %r0, 16; @%p1 bra upper;
                shfl.sync.down.b32 %r1|%p2, %r0, 1, 31, 0xFFFF; bra.uni store;
                upper: mul.lo.u32 %r2, %r0, 10; shfl.sync.bfly.b32 %r1, %r2, 1, 31, 0xFFFF0000;
                store: bar.warp.sync -1; st.global.u32 [%rd4], %r1;
                """;
        TestGpu gpu = new TestGpu(KernelText.kernel(code));
        long result = gpu.ints(new int[32]);

        gpu.launch("k", 1, 32, result);

        int[] values = gpu.readInts(result, 32);
        assertThat(Arrays.copyOf(values, 15)).isEqualTo(IntStream.rangeClosed(1, 15).toArray());
        assertThat(Arrays.copyOfRange(values, 16, 32))
                .isEqualTo(IntStream.range(16, 32).map(i -> 10 * (i ^ 1)).toArray());
    }

    @Test
    void groupsOfActiveLanesAgreeOnWhoTheyAre() {
        String code =
                """
                and.b32 %r1, %r0, 3; setp.eq.u32 %p1, %r1, 0; @!%p1 bra done;
                activemask.b32 %r2;
                mov.u32 %r3, %lanemask_lt; and.b32 %r4, %r2, %r3; popc.b32 %r5, %r4;
                setp.ne.u32 %p2, %r5, 0; @%p2 bra follow;
                popc.b32 %r6, %r2; atom.global.add.u32 %r7, [%rd0], %r6;
                follow: brev.b32 %r8, %r2; bfind.shiftamt.u32 %r8, %r8;
                shfl.sync.idx.b32 %r9, %r7, %r8, 31, %r2;
                add.u32 %r10, %r9, %r5; mul.wide.u32 %rd3, %r10, 4; add.u64 %rd4, %rd1, %rd3;
                st.global.u32 [%rd4], %r0;
                done:
                """;
        TestGpu gpu = new TestGpu(KernelText.kernel(code));
        long count = gpu.ints(0);
        long places = gpu.ints(new int[24]);

        gpu.launch("k", 1, 96, count, places);

        assertThat(gpu.readInts(count, 1)).containsExactly(24);
        assertThat(gpu.readInts(places, 24))
                .containsExactlyInAnyOrder(IntStream.range(0, 24).map(i -> 4 * i).toArray());
    }

    @Test
    void barriersInsideFunctionsWork() {
        String function =
                """
                .func meet(.param .b32 a) { .reg .b32 %r<2>; ld.param.u32 %r1, [a];
                  bar.sync %r1; ret; }
                """;
        String code =
                """
                .shared .align 4 .b8 cell[4];
                setp.ne.u32 %p1, %r0, 63; @%p1 bra wait;
                st.shared.u32 [cell], 5;
                wait: { .param .b32 param0; st.param.b32 [param0+0], 2; call.uni meet, (param0); }
                ld.shared.u32 %r1, [cell]; atom.global.add.u32 %r2, [%rd0], %r1;
                """;
        TestGpu gpu = new TestGpu(KernelText.HEADER + function + KernelText.entry(code));
        long sum = gpu.ints(0);

        gpu.launch("k", 1, 64, sum);

        assertThat(gpu.readInts(sum, 1)).containsExactly(320);
    }

    @Test
    void threadsThatWaitForEachOtherForEverEndTheLaunch() {
        String code =
                """
                setp.ge.u32 %p1, %r0, 16; @%p1 bra upper;
                bar.sync 1, 32; bra.uni done;
                upper: bar.sync 2, 32;
                done:
                """;
        TestGpu gpu = new TestGpu(KernelText.kernel(code));

        assertThatExceptionOfType(KernelFault.class)
                .isThrownBy(() -> gpu.launch("k", 1, 32))
                .withMessageContaining("wait for each other");
    }
}
