package org.bitfusion.gpu.soft.compiler.runtime;

/// What lanes of a warp do together: shuffles, votes, matches, reductions. Lanes have left their
/// operands in the frame; each gets its result there.
final class WarpExchange {
    private static final int LANES = 32;
    private static final int LANE_MASK = LANES - 1;

    private WarpExchange() {}

    /// @param first the warp's first thread
    /// @param group the lanes that take part
    static void run(CutPoint cut, Frame frame, int first, int group) {
        switch (cut.action()) {
            case SHUFFLE_UP, SHUFFLE_DOWN, SHUFFLE_BUTTERFLY, SHUFFLE_INDEX ->
                    shuffle(cut, frame, first, group);
            case VOTE_ALL, VOTE_ANY, VOTE_UNIFORM, VOTE_BALLOT -> vote(cut, frame, first, group);
            case MATCH_ANY -> matchAny(frame, first, group);
            case MATCH_ALL -> matchAll(frame, first, group);
            case ACTIVE_MASK -> give(frame, first, group, group);
            case ELECT -> elect(frame, first, group);
            case WARP_SYNC, LOCKSTEP -> {}
            default -> give(frame, first, group, reduce(cut.action(), frame, first, group));
        }
    }

    private static void give(Frame frame, int first, int group, int value) {
        for (int lanes = group; lanes != 0; lanes &= lanes - 1) {
            frame.result[first + Integer.numberOfTrailingZeros(lanes)] = value;
        }
    }

    private static void shuffle(CutPoint cut, Frame frame, int first, int group) {
        int present = Math.min(LANES, frame.threads - first);
        for (int lanes = group; lanes != 0; lanes &= lanes - 1) {
            int lane = Integer.numberOfTrailingZeros(lanes);
            int thread = first + lane;
            int distance = cut.second(frame, thread) & LANE_MASK;
            int control = cut.third(frame, thread);
            int segment = (control >> 8) & LANE_MASK;
            int farthest = (lane & segment) | (control & LANE_MASK & ~segment);
            int source =
                    switch (cut.action()) {
                        case SHUFFLE_UP -> lane - distance;
                        case SHUFFLE_DOWN -> lane + distance;
                        case SHUFFLE_BUTTERFLY -> lane ^ distance;
                        default -> (lane & segment) | (distance & ~segment);
                    };
            boolean inside =
                    cut.action() == CutPoint.Action.SHUFFLE_UP
                            ? source >= farthest
                            : source <= farthest;
            frame.predicate[thread] = inside ? 1 : 0;
            int from = inside && source < present ? source : lane;
            frame.result[thread] = frame.first[first + from];
        }
    }

    private static void vote(CutPoint cut, Frame frame, int first, int group) {
        int ballot = 0;
        for (int lanes = group; lanes != 0; lanes &= lanes - 1) {
            int lane = Integer.numberOfTrailingZeros(lanes);
            ballot |= (frame.first[first + lane] & 1) << lane;
        }
        int result =
                switch (cut.action()) {
                    case VOTE_ALL -> ballot == group ? 1 : 0;
                    case VOTE_ANY -> ballot != 0 ? 1 : 0;
                    case VOTE_UNIFORM -> ballot == 0 || ballot == group ? 1 : 0;
                    default -> ballot;
                };
        give(frame, first, group, result);
    }

    private static void matchAny(Frame frame, int first, int group) {
        for (int lanes = group; lanes != 0; lanes &= lanes - 1) {
            int thread = first + Integer.numberOfTrailingZeros(lanes);
            frame.result[thread] = equalTo(frame, first, group, frame.wide[thread]);
        }
    }

    private static int equalTo(Frame frame, int first, int group, long value) {
        int equal = 0;
        for (int lanes = group; lanes != 0; lanes &= lanes - 1) {
            int lane = Integer.numberOfTrailingZeros(lanes);
            if (frame.wide[first + lane] == value) {
                equal |= 1 << lane;
            }
        }
        return equal;
    }

    private static void matchAll(Frame frame, int first, int group) {
        long value = frame.wide[first + Integer.numberOfTrailingZeros(group)];
        boolean all = equalTo(frame, first, group, value) == group;
        for (int lanes = group; lanes != 0; lanes &= lanes - 1) {
            int thread = first + Integer.numberOfTrailingZeros(lanes);
            frame.result[thread] = all ? group : 0;
            frame.predicate[thread] = all ? 1 : 0;
        }
    }

    private static void elect(Frame frame, int first, int group) {
        int leader = Integer.numberOfTrailingZeros(group);
        for (int lanes = group; lanes != 0; lanes &= lanes - 1) {
            int lane = Integer.numberOfTrailingZeros(lanes);
            frame.result[first + lane] = leader;
            frame.predicate[first + lane] = lane == leader ? 1 : 0;
        }
    }

    private static int reduce(CutPoint.Action action, Frame frame, int first, int group) {
        int total = frame.first[first + Integer.numberOfTrailingZeros(group)];
        for (int lanes = group & (group - 1); lanes != 0; lanes &= lanes - 1) {
            int value = frame.first[first + Integer.numberOfTrailingZeros(lanes)];
            total =
                    switch (action) {
                        case REDUCE_ADD -> total + value;
                        case REDUCE_AND -> total & value;
                        case REDUCE_OR -> total | value;
                        case REDUCE_XOR -> total ^ value;
                        case REDUCE_MIN_SIGNED -> Math.min(total, value);
                        case REDUCE_MAX_SIGNED -> Math.max(total, value);
                        case REDUCE_MIN_UNSIGNED -> Compare.minUnsigned(total, value);
                        case REDUCE_MAX_UNSIGNED -> Compare.maxUnsigned(total, value);
                        default -> throw new IllegalStateException("not a reduction: " + action);
                    };
        }
        return total;
    }
}
