package org.bitfusion.gpu.soft.interpreter;

import java.util.ArrayList;
import java.util.List;
import org.bitfusion.ptx.Modifier.Reduction;
import org.jspecify.annotations.Nullable;

/// The sixteen barriers of a block. Exited threads count as arrived where no count is given.
final class Barriers {
    static final int COUNT = 16;

    private static final class Barrier {
        final List<CudaThread> waiting = new ArrayList<>();
        int arrived;
        int expected;
        int trueCount;
        @Nullable Reduction reduction;
    }

    private final Barrier[] barriers = new Barrier[COUNT];
    private int living;

    Barriers(int threads) {
        living = threads;
        for (int index = 0; index < COUNT; index++) {
            barriers[index] = new Barrier();
        }
    }

    /// One arrival.
    ///
    /// @param expected threads that the barrier waits for; 0 means all living ones
    /// @param waits false for bar.arrive
    /// @param result slot for a reduction's result, or -1
    void arrive(
            CudaThread thread,
            int number,
            int expected,
            boolean waits,
            @Nullable Reduction reduction,
            boolean predicate,
            int result) {
        Barrier barrier = barriers[number];
        barrier.arrived++;
        barrier.trueCount += predicate ? 1 : 0;
        barrier.expected = Math.max(barrier.expected, expected);
        if (reduction != null) {
            barrier.reduction = reduction;
        }
        if (waits) {
            thread.barrier = number;
            thread.barrierResult = result;
            thread.state = CudaThread.State.AT_BARRIER;
            barrier.waiting.add(thread);
        }
        release(barrier);
    }

    /// A thread has ended.
    void exited() {
        living--;
        for (Barrier barrier : barriers) {
            if (barrier.arrived > 0) {
                release(barrier);
            }
        }
    }

    private void release(Barrier barrier) {
        int needed = barrier.expected > 0 ? barrier.expected : living;
        if (barrier.arrived < needed || barrier.arrived == 0) {
            return;
        }
        long value = result(barrier);
        for (CudaThread thread : barrier.waiting) {
            thread.state = CudaThread.State.RUNNABLE;
            if (thread.barrierResult >= 0) {
                thread.registers[thread.barrierResult] = value;
                thread.barrierResult = -1;
            }
        }
        barrier.waiting.clear();
        barrier.arrived = 0;
        barrier.expected = 0;
        barrier.trueCount = 0;
        barrier.reduction = null;
    }

    private static long result(Barrier barrier) {
        Reduction reduction = barrier.reduction;
        if (reduction == Reduction.POPC) {
            return barrier.trueCount;
        }
        if (reduction == Reduction.AND) {
            return barrier.trueCount == barrier.arrived ? 1 : 0;
        }
        return barrier.trueCount > 0 ? 1 : 0;
    }
}
