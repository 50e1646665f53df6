package org.bitfusion.gpu.soft.interpreter;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Up to 32 threads of a block and their meetings.
final class Warp {
    /// Releases of one group of lanes before lanes that wait elsewhere are let through as well.
    private static final int PATIENCE = 64;

    /// Rounds that lanes wait for others that compute, or that poll something.
    private static final int ROUNDS = 1024;

    private static final int POLLING_ROUNDS = 4;

    /// What lanes do together when all have come.
    @FunctionalInterface
    interface Together {
        /// Gives each participant its result.
        ///
        /// @param arrivals of the lanes that are here; a participant counts those that its mask
        ///   names, itself only if that names it
        /// @param participants the lanes that go on; others are null
        void complete(@Nullable Arrival[] arrivals, @Nullable CudaThread[] participants);
    }

    /// A lane's arrival at a meeting.
    ///
    /// @param kind meetings of the same kind match
    /// @param mask lanes that must come, and whose values count
    /// @param value what the lane brings
    /// @param control a second value (lane selection of shfl)
    /// @param result slot for the lane's result
    /// @param flag slot for the lane's predicate
    record Arrival(
            String kind,
            int mask,
            Together together,
            long value,
            long control,
            int result,
            int flag) {}

    final @Nullable CudaThread[] lanes = new CudaThread[32];
    final int index;
    private int released;
    private int waited;

    Warp(int index) {
        this.index = index;
    }

    /// `thread` waits for the lanes of its mask.
    void meet(CudaThread thread, Arrival arrival) {
        thread.arrival = arrival;
        thread.state = CudaThread.State.AT_MEETING;
    }

    /// Lets lanes go on that wait for others of the warp, once no lane is still on its way or that
    /// has lasted long; answers whether there were any.
    boolean advance() {
        boolean running = false;
        boolean polling = true;
        boolean waiting = false;
        for (CudaThread lane : lanes) {
            if (lane != null && lane.state == CudaThread.State.RUNNABLE) {
                running = true;
                polling &= lane.polled;
            }
            waiting |= lane != null && isWaiting(lane);
        }
        int patience = polling ? POLLING_ROUNDS : ROUNDS;
        if (!waiting || (running && ++waited < patience)) {
            return false;
        }
        waited = 0;
        return completeMeeting() || align();
    }

    private static boolean isWaiting(CudaThread lane) {
        return lane.state == CudaThread.State.AT_ALIGNMENT
                || lane.state == CudaThread.State.AT_MEETING;
    }

    /// Completes one meeting at which somebody has met all that its mask names.
    private boolean completeMeeting() {
        for (CudaThread lane : lanes) {
            if (lane != null && lane.arrival != null && hasMet(lane, arrivals(lane, true))) {
                @Nullable Arrival[] arrivals = arrivals(lane, true);
                complete(lane, arrivals, thread -> hasMet(thread, arrivals));
                return true;
            }
        }
        return false;
    }

    /// Nothing else can run: lanes that name the same lanes meet wherever they are, and who cannot
    /// come is not waited for.
    boolean meetLoosely() {
        for (CudaThread lane : lanes) {
            if (lane != null && lane.arrival != null) {
                complete(lane, arrivals(lane, false), _ -> true);
                return true;
            }
        }
        return false;
    }

    /// What the lanes have brought that are at the same meeting as `thread`.
    ///
    /// @param samePlace true for those at the same instruction, false for those with its mask that
    ///   do the same
    private @Nullable Arrival[] arrivals(CudaThread thread, boolean samePlace) {
        @Nullable Arrival[] arrivals = new Arrival[32];
        Arrival own = thread.arrival;
        for (int lane = 0; lane < 32; lane++) {
            CudaThread other = lanes[lane];
            Arrival theirs = other == null ? null : other.arrival;
            if (own != null && other != null && theirs != null) {
                boolean same =
                        samePlace
                                ? samePlace(thread, other)
                                : theirs.kind().equals(own.kind()) && theirs.mask() == own.mask();
                arrivals[lane] = same ? theirs : null;
            }
        }
        return arrivals;
    }

    private boolean hasMet(CudaThread thread, @Nullable Arrival[] arrivals) {
        Arrival own = thread.arrival;
        for (int lane = 0; lane < 32; lane++) {
            CudaThread other = lanes[lane];
            boolean wanted =
                    own != null
                            && (own.mask() & 1 << lane) != 0
                            && other != null
                            && other.state != CudaThread.State.EXITED;
            if (wanted && arrivals[lane] == null) {
                return false;
            }
        }
        return own != null;
    }

    private void complete(
            CudaThread one, @Nullable Arrival[] arrivals, Predicate<CudaThread> goesOn) {
        @Nullable CudaThread[] participants = new CudaThread[32];
        Arrival own = one.arrival;
        for (int lane = 0; lane < 32; lane++) {
            CudaThread thread = lanes[lane];
            if (thread != null && arrivals[lane] != null && goesOn.test(thread)) {
                participants[lane] = thread;
            }
        }
        for (CudaThread participant : participants) {
            if (participant != null) {
                participant.arrival = null;
                participant.state = CudaThread.State.RUNNABLE;
            }
        }
        if (own != null) {
            own.together().complete(arrivals, participants);
        }
    }

    /// Lets lanes at alignment points go on: the group at the smallest program counter, as hardware
    /// that reconverges would; now and then all groups, so that none starves.
    private boolean align() {
        CudaThread first = null;
        boolean several = false;
        for (CudaThread lane : lanes) {
            if (lane != null && lane.state == CudaThread.State.AT_ALIGNMENT) {
                several |= first != null && !samePlace(first, lane);
                if (first == null || isBefore(lane, first)) {
                    first = lane;
                }
            }
        }
        if (first == null) {
            return false;
        }
        boolean everyone = several && ++released % PATIENCE == 0;
        int mask = 0;
        for (CudaThread lane : lanes) {
            if (lane != null
                    && lane.state == CudaThread.State.AT_ALIGNMENT
                    && (everyone || samePlace(first, lane))) {
                lane.state = CudaThread.State.RUNNABLE;
                lane.aligned = true;
                mask |= samePlace(first, lane) ? 1 << lane.lane : 0;
            }
        }
        setActive(first, everyone, mask);
        return true;
    }

    /// The lanes that an alignment point let through together.
    final int[] active = new int[32];

    private void setActive(CudaThread first, boolean everyone, int mask) {
        for (CudaThread lane : lanes) {
            if (lane != null && lane.aligned) {
                active[lane.lane] = everyone && !samePlace(first, lane) ? 1 << lane.lane : mask;
            }
        }
    }

    private static boolean samePlace(CudaThread a, CudaThread b) {
        return a.code.function().equals(b.code.function())
                && a.counter == b.counter
                && a.stack.size() == b.stack.size();
    }

    private static boolean isBefore(CudaThread a, CudaThread b) {
        if (a.stack.size() != b.stack.size()) {
            return a.stack.size() > b.stack.size();
        }
        return a.counter < b.counter;
    }
}
