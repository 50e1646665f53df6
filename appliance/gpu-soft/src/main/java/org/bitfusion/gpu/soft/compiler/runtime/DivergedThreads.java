package org.bitfusion.gpu.soft.compiler.runtime;

import org.bitfusion.gpu.soft.execution.KernelFault;
import org.jspecify.annotations.Nullable;

/// Schedules the threads of a block that are at different places. Warps run in turn; within a warp
/// the lanes that are furthest back go first, so that they meet again. Every thread that can run
/// gets its turn: a thread that spins yields, and the block yields when only spinning threads are
/// left.
final class DivergedThreads {
    private static final int LANES = 32;

    /// Turns of all warps before other blocks get theirs.
    private static final int TURNS = 256;

    /// Meeting points a warp may pass in one turn: a loop of them may wait for another warp.
    private static final int MEETINGS = 64;

    private final RegionCode code;
    private final CutPoint[] cuts;
    private final Frame frame;
    private final int[] resume;
    private final Barriers barriers;
    private final int[] lastMet;

    DivergedThreads(RegionCode code, CutPoint[] cuts, Frame frame) {
        this.code = code;
        this.cuts = cuts;
        this.frame = frame;
        this.resume = frame.resume;
        this.barriers = new Barriers(cuts, frame);
        this.lastMet = new int[(resume.length + LANES - 1) / LANES];
    }

    void reset() {
        barriers.reset();
    }

    /// Runs the threads, each of which waits at the cut in [Frame#resume].
    ///
    /// @return the entry at which all threads of the block can go on together; 0 when all have
    ///   exited; -1 when only others can help, or had no turn for long
    int advance() {
        for (int turn = 0; turn < TURNS; turn++) {
            boolean moved = false;
            releaseYields();
            for (int first = 0; first < frame.threads; first += LANES) {
                moved |= runWarp(first, Math.min(first + LANES, frame.threads));
            }
            int released = releaseBarriers();
            if (released != 0) {
                return released > 0 ? released : 0;
            }
            if (!moved && !barrierReleased && !meetLoosely()) {
                requireHope();
                return -1;
            }
        }
        return -1;
    }

    private boolean barrierReleased;

    /// @throws KernelFault when no thread spins: then nobody else can help
    private void requireHope() {
        for (int thread = 0; thread < resume.length; thread++) {
            CutPoint cut = waitingAt(thread);
            if (cut != null && cut.action() == CutPoint.Action.YIELD) {
                return;
            }
        }
        throw new KernelFault(
                KernelFault.LAUNCH_FAILED,
                "block (%d,%d,%d): its threads wait for each other for ever"
                        .formatted(frame.ctaidX, frame.ctaidY, frame.ctaidZ));
    }

    private void releaseYields() {
        for (int thread = 0; thread < resume.length; thread++) {
            CutPoint cut = waitingAt(thread);
            if (cut != null && cut.action() == CutPoint.Action.YIELD) {
                release(thread);
            }
        }
    }

    /// Where a thread waits; null when it may run or has exited.
    private @Nullable CutPoint waitingAt(int thread) {
        int entry = resume[thread];
        return entry == 0 || (entry & Frame.RELEASED) != 0 ? null : cuts[entry];
    }

    private void release(int thread) {
        resume[thread] |= Frame.RELEASED;
    }

    /// Runs the lanes of a warp until all of them wait; true when one got anywhere.
    private boolean runWarp(int first, int last) {
        boolean moved = pass(first, last);
        int meetings = 0;
        while (true) {
            int entry = nextEntry(first, last);
            if (entry >= 0) {
                int ran = lanes(first, last, t -> resume[t] == (entry | Frame.RELEASED));
                code.run(entry, frame, first, last, true);
                moved |= settle(entry, first, ran);
                pass(first, last);
                continue;
            }
            CutPoint met = meet(first, last);
            if (met == null) {
                return moved;
            }
            moved = true;
            if (++meetings > MEETINGS) {
                return true;
            }
        }
    }

    private int nextEntry(int first, int last) {
        int lowest = Integer.MAX_VALUE;
        for (int thread = first; thread < last; thread++) {
            int entry = resume[thread];
            if ((entry & Frame.RELEASED) != 0) {
                lowest = Math.min(lowest, entry & ~Frame.RELEASED);
            }
        }
        return lowest == Integer.MAX_VALUE ? -1 : lowest;
    }

    /// True unless every lane that ran just spins: it is back at the yield from which it went on.
    private boolean settle(int entry, int first, int ran) {
        for (int lanes = ran; lanes != 0; lanes &= lanes - 1) {
            int thread = first + Integer.numberOfTrailingZeros(lanes);
            CutPoint cut = waitingAt(thread);
            if (cut == null || cut.action() != CutPoint.Action.YIELD || resume[thread] != entry) {
                return true;
            }
        }
        return false;
    }

    /// Lets threads at cuts without a wait go on; true when there was one.
    private boolean pass(int first, int last) {
        boolean passed = false;
        int touched = 0;
        for (int thread = first; thread < last; thread++) {
            CutPoint cut = waitingAt(thread);
            if (cut == null) {
                continue;
            }
            if (cut.action() == CutPoint.Action.BARRIER_ARRIVE) {
                touched |= 1 << barriers.arrive(cut, thread);
            } else if (cut.action() != CutPoint.Action.CONTINUE) {
                continue;
            }
            release(thread);
            passed = true;
        }
        barriers.completeAlone(touched);
        return passed;
    }

    /// Lets the lanes of a warp that have met at one cut go on; answers where, or null. Groups take
    /// turns: one that spins over a lockstep point may wait for another.
    private @Nullable CutPoint meet(int first, int last) {
        int alive = lanes(first, last, thread -> resume[thread] != 0);
        int warp = first / LANES;
        int best = 0;
        for (int thread = first; thread < last; thread++) {
            CutPoint cut = waitingAt(thread);
            if (cut != null
                    && precedes(resume[thread], best, lastMet[warp])
                    && hasMet(cut, thread, here(thread, first, last), alive)) {
                best = resume[thread];
            }
        }
        if (best == 0) {
            return null;
        }
        lastMet[warp] = best;
        CutPoint cut = cuts[best];
        int entry = best;
        int present = lanes(first, last, thread -> resume[thread] == entry);
        int met =
                lanes(
                        first,
                        last,
                        thread -> resume[thread] == entry && hasMet(cut, thread, present, alive));
        finishGroup(cut, first, present, met);
        return cut;
    }

    private int here(int thread, int first, int last) {
        int entry = resume[thread];
        return lanes(first, last, other -> resume[other] == entry);
    }

    /// Whether entry `one` comes before `other` (0: none) in the cyclic order that begins after
    /// `start`.
    private static boolean precedes(int one, int other, int start) {
        if (other == 0 || one == other) {
            return other == 0;
        }
        boolean oneAfter = one > start;
        return oneAfter == other > start ? one < other : oneAfter;
    }

    /// True when everybody whom `thread` waits for at `cut` is among the lanes `present` there.
    private boolean hasMet(CutPoint cut, int thread, int present, int alive) {
        return switch (cut.action()) {
            case LOCKSTEP, ACTIVE_MASK -> true;
            default ->
                    cut.action().isWarp() && (cut.members(frame, thread) & alive & ~present) == 0;
        };
    }

    private static int lanes(int first, int last, java.util.function.IntPredicate included) {
        int mask = 0;
        for (int thread = first; thread < last; thread++) {
            if (included.test(thread)) {
                mask |= 1 << (thread - first);
            }
        }
        return mask;
    }

    private void finishGroup(CutPoint cut, int first, int present, int met) {
        WarpExchange.run(cut, frame, first, present, met);
        for (int lanes = met; lanes != 0; lanes &= lanes - 1) {
            release(first + Integer.numberOfTrailingZeros(lanes));
        }
    }

    /// Nothing else can run: lanes that wait for each other at different instructions meet there,
    /// and a member that cannot come is not waited for.
    private boolean meetLoosely() {
        for (int first = 0; first < frame.threads; first += LANES) {
            int last = Math.min(first + LANES, frame.threads);
            for (int thread = first; thread < last; thread++) {
                CutPoint cut = waitingAt(thread);
                if (cut != null && cut.action().isWarp()) {
                    int wanted = cut.members(frame, thread);
                    int firstOfWarp = first;
                    int group =
                            lanes(first, last, other -> joins(other, cut, wanted))
                                    & (wanted | 1 << (thread - firstOfWarp));
                    finishGroup(cut, first, group, group);
                    return true;
                }
            }
        }
        return false;
    }

    private boolean joins(int thread, CutPoint cut, int wanted) {
        CutPoint other = waitingAt(thread);
        return other != null
                && other.action() == cut.action()
                && other.members(frame, thread) == wanted;
    }

    /// Lets threads go on from barriers at which everybody has arrived.
    ///
    /// @return the entry at which all threads of the block now go on; -1 when all have exited; else
    ///   0
    private int releaseBarriers() {
        barrierReleased = false;
        int exited = 0;
        int waiting = 0;
        for (int thread = 0; thread < resume.length; thread++) {
            if (resume[thread] == 0) {
                exited++;
            } else if (barriers.isAtAny(thread)) {
                waiting++;
            }
        }
        if (exited == resume.length) {
            return -1;
        }
        if (waiting == 0) {
            return 0;
        }
        for (int barrier = 0; barrier < Barriers.COUNT; barrier++) {
            int released = barriers.complete(barrier);
            barrierReleased |= released > 0;
            if (released == resume.length) {
                return commonEntry();
            }
        }
        return 0;
    }

    /// The entry where all threads are released, 0 when they are at different ones.
    private int commonEntry() {
        int entry = resume[0];
        for (int other : resume) {
            if (other != entry) {
                return 0;
            }
        }
        return entry & ~Frame.RELEASED;
    }
}
