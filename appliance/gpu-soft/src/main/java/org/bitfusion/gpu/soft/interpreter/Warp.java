package org.bitfusion.gpu.soft.interpreter;

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
        /// Gives each participant its result. Lanes that take no part are null.
        void complete(@Nullable Arrival[] arrivals, @Nullable CudaThread[] participants);
    }

    /// A lane's arrival at a meeting.
    ///
    /// @param kind meetings of the same kind match
    /// @param mask lanes that must come
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

    /// `thread` waits for the lanes of `mask`.
    void meet(CudaThread thread, Arrival arrival) {
        thread.arrival = arrival;
        thread.state = CudaThread.State.AT_MEETING;
        tryMeeting(thread);
    }

    /// Completes the meeting of `thread` if everybody has come.
    private void tryMeeting(CudaThread thread) {
        Arrival own = thread.arrival;
        if (own == null) {
            return;
        }
        @Nullable CudaThread[] participants = new CudaThread[32];
        @Nullable Arrival[] arrivals = new Arrival[32];
        for (int lane = 0; lane < 32; lane++) {
            CudaThread other = lanes[lane];
            boolean wanted = (own.mask() & 1 << lane) != 0 && other != null;
            if (!wanted || other.state == CudaThread.State.EXITED) {
                continue;
            }
            Arrival theirs = other.arrival;
            if (theirs == null
                    || theirs.mask() != own.mask()
                    || !theirs.kind().equals(own.kind())) {
                return;
            }
            participants[lane] = other;
            arrivals[lane] = theirs;
        }
        for (CudaThread participant : participants) {
            if (participant != null) {
                participant.arrival = null;
                participant.state = CudaThread.State.RUNNABLE;
            }
        }
        own.together().complete(arrivals, participants);
    }

    /// A lane has exited: others may have waited only for it.
    void exited() {
        for (CudaThread lane : lanes) {
            if (lane != null && lane.state == CudaThread.State.AT_MEETING) {
                tryMeeting(lane);
            }
        }
    }

    /// Lets lanes at alignment points go on when no lane of the warp is still on its way: the group
    /// at the smallest program counter, as hardware that reconverges would; now and then all
    /// groups, so that none starves.
    boolean align() {
        CudaThread first = null;
        boolean several = false;
        boolean running = false;
        boolean polling = true;
        for (CudaThread lane : lanes) {
            if (lane == null || lane.state == CudaThread.State.EXITED) {
                continue;
            }
            if (lane.state == CudaThread.State.RUNNABLE) {
                running = true;
                polling &= lane.polled;
            }
            if (lane.state == CudaThread.State.AT_ALIGNMENT) {
                several |= first != null && !samePlace(first, lane);
                if (first == null || isBefore(lane, first)) {
                    first = lane;
                }
            }
        }
        if (first == null || (running && ++waited < (polling ? POLLING_ROUNDS : ROUNDS))) {
            return false;
        }
        waited = 0;
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
