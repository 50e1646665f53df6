package org.bitfusion.gpu.soft.compiler.runtime;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The barriers of a block whose threads are at different places. A phase of a barrier is over when
/// as many threads as it takes wait at it or have passed its bar.arrive; exited threads are not
/// expected where no count is given.
final class Barriers {
    static final int COUNT = CutPoint.BARRIERS;

    private final CutPoint[] cuts;
    private final Frame frame;

    /// By barrier: threads that have passed bar.arrive in the phase, and how many threads that
    /// takes according to them; 0 when there was none.
    private final int[] arrived = new int[COUNT];

    private final int[] expected = new int[COUNT];

    Barriers(CutPoint[] cuts, Frame frame) {
        this.cuts = cuts;
        this.frame = frame;
    }

    void reset() {
        Arrays.fill(arrived, 0);
        Arrays.fill(expected, 0);
    }

    /// Counts a thread at bar.arrive; answers the barrier.
    int arrive(CutPoint cut, int thread) {
        int barrier = number(cut, thread);
        arrived[barrier]++;
        if (cut.second() != CutPoint.ABSENT) {
            expected[barrier] = Math.max(expected[barrier], cut.second(frame, thread));
        }
        return barrier;
    }

    /// Ends the phases that arrivals have completed, so that what arrives later counts for the next
    /// ones.
    ///
    /// @param barriers a bit for each barrier that was arrived at
    void completeAlone(int barriers) {
        for (int left = barriers; left != 0; left &= left - 1) {
            int barrier = Integer.numberOfTrailingZeros(left);
            int waited = complete(barrier);
            while (waited >= 0) {
                waited = complete(barrier);
            }
        }
    }

    /// True when the thread waits at a barrier.
    boolean isAtAny(int thread) {
        return waitingAt(thread) != null;
    }

    /// Ends the barrier's phase and lets its threads go on, if everybody has arrived.
    ///
    /// @return how many threads had waited; -1 when the phase is not over
    int complete(int barrier) {
        int waiting = 0;
        int counted = expected[barrier];
        CutPoint.Action action = CutPoint.Action.BARRIER_SYNC;
        for (int thread = 0; thread < frame.resume.length; thread++) {
            CutPoint cut = waitingAt(thread);
            if (cut != null && number(cut, thread) == barrier) {
                action = cut.action();
                waiting++;
                if (cut.second() != CutPoint.ABSENT) {
                    counted = Math.max(counted, cut.second(frame, thread));
                }
            }
        }
        int needed = Math.max(1, counted > 0 ? counted : living());
        if (waiting + arrived[barrier] < needed) {
            return -1;
        }
        arrived[barrier] -= Math.min(arrived[barrier], Math.max(0, needed - waiting));
        if (arrived[barrier] == 0) {
            expected[barrier] = 0;
        }
        if (waiting > 0) {
            release(barrier, action);
        }
        return waiting;
    }

    private int living() {
        int living = 0;
        for (int entry : frame.resume) {
            living += entry == 0 ? 0 : 1;
        }
        return living;
    }

    private void release(int barrier, CutPoint.Action action) {
        if (action != CutPoint.Action.BARRIER_SYNC) {
            BarrierReduction.run(action, frame, thread -> isAt(thread, barrier));
        }
        for (int thread = 0; thread < frame.resume.length; thread++) {
            if (isAt(thread, barrier)) {
                frame.resume[thread] |= Frame.RELEASED;
            }
        }
    }

    private boolean isAt(int thread, int barrier) {
        CutPoint cut = waitingAt(thread);
        return cut != null && number(cut, thread) == barrier;
    }

    /// The barrier's cut at which the thread waits, or null. Nobody waits at bar.arrive.
    private @Nullable CutPoint waitingAt(int thread) {
        int entry = frame.resume[thread];
        if (entry == 0 || (entry & Frame.RELEASED) != 0) {
            return null;
        }
        CutPoint cut = cuts[entry];
        boolean waits = cut.action().isBarrier() && cut.action() != CutPoint.Action.BARRIER_ARRIVE;
        return waits ? cut : null;
    }

    private int number(CutPoint cut, int thread) {
        return cut.first(frame, thread);
    }
}
