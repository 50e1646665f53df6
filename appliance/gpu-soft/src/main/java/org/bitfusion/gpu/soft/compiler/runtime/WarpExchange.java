package org.bitfusion.gpu.soft.compiler.runtime;

/// What lanes of a warp do together: shuffles, votes, matches, reductions. Lanes have left their
/// operands in the frame; each gets its result there.
final class WarpExchange {
    private static final int LANES = 32;
    private static final int LANE_MASK = LANES - 1;

    private final CutPoint cut;
    private final Frame frame;
    private final int first;
    private final int present;
    private final int met;

    private WarpExchange(CutPoint cut, Frame frame, int first, int present, int met) {
        this.cut = cut;
        this.frame = frame;
        this.first = first;
        this.present = present;
        this.met = met;
    }

    /// A result for some of the lanes of a warp.
    @FunctionalInterface
    private interface Result {
        int of(int lanes);
    }

    /// Gives the lanes `met` their results. A lane's mask names those whose values count for it: of
    /// the lanes that are present, itself only if it names itself. (The PTX ISA leaves the answer
    /// open for a lane that its own mask leaves out; this is what GPUs since Volta do.)
    ///
    /// @param first the warp's first thread
    /// @param present the lanes that have brought a value
    /// @param met the lanes that go on
    static void run(CutPoint cut, Frame frame, int first, int present, int met) {
        new WarpExchange(cut, frame, first, present, met).run();
    }

    private void run() {
        switch (cut.action()) {
            case SHUFFLE_UP, SHUFFLE_DOWN, SHUFFLE_BUTTERFLY, SHUFFLE_INDEX -> shuffle();
            case VOTE_ALL, VOTE_ANY, VOTE_UNIFORM, VOTE_BALLOT -> {
                int ballot = ballot();
                give(lanes -> vote(ballot & lanes, lanes));
            }
            case MATCH_ANY -> matchAny();
            case MATCH_ALL -> matchAll();
            case ACTIVE_MASK -> give(_ -> met);
            case ELECT -> elect();
            case WARP_SYNC, LOCKSTEP -> {}
            default -> give(lanes -> lanes == 0 ? 0 : reduce(lanes));
        }
    }

    private void give(Result result) {
        int known = 0;
        int value = 0;
        boolean some = false;
        for (int lanes = met; lanes != 0; lanes &= lanes - 1) {
            int thread = first + Integer.numberOfTrailingZeros(lanes);
            int counted = cut.members(frame, thread) & present;
            if (!some || counted != known) {
                value = result.of(counted);
                known = counted;
                some = true;
            }
            frame.result[thread] = value;
        }
    }

    private void shuffle() {
        for (int lanes = met; lanes != 0; lanes &= lanes - 1) {
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
            int from = inside && (present & 1 << source) != 0 ? source : lane;
            frame.result[thread] = frame.first[first + from];
        }
    }

    private int ballot() {
        int ballot = 0;
        for (int lanes = present; lanes != 0; lanes &= lanes - 1) {
            int lane = Integer.numberOfTrailingZeros(lanes);
            ballot |= (frame.first[first + lane] & 1) << lane;
        }
        return ballot;
    }

    private int vote(int ballot, int counted) {
        return switch (cut.action()) {
            case VOTE_ALL -> ballot == counted ? 1 : 0;
            case VOTE_ANY -> ballot != 0 ? 1 : 0;
            case VOTE_UNIFORM -> ballot == 0 || ballot == counted ? 1 : 0;
            default -> ballot;
        };
    }

    private void matchAny() {
        for (int lanes = met; lanes != 0; lanes &= lanes - 1) {
            int thread = first + Integer.numberOfTrailingZeros(lanes);
            int counted = cut.members(frame, thread) & present;
            frame.result[thread] = equalTo(counted, frame.wide[thread]);
        }
    }

    private int equalTo(int group, long value) {
        int equal = 0;
        for (int lanes = group; lanes != 0; lanes &= lanes - 1) {
            int lane = Integer.numberOfTrailingZeros(lanes);
            if (frame.wide[first + lane] == value) {
                equal |= 1 << lane;
            }
        }
        return equal;
    }

    private void matchAll() {
        give(counted -> {
            int any = first + (Integer.numberOfTrailingZeros(counted) & LANE_MASK);
            return equalTo(counted, frame.wide[any]) == counted ? 1 : 0;
        });
        for (int lanes = met; lanes != 0; lanes &= lanes - 1) {
            int thread = first + Integer.numberOfTrailingZeros(lanes);
            int all = frame.result[thread];
            frame.predicate[thread] = all;
            frame.result[thread] = all == 0 ? 0 : cut.members(frame, thread) & present;
        }
    }

    private void elect() {
        give(counted -> Integer.numberOfTrailingZeros(counted) & LANE_MASK);
        for (int lanes = met; lanes != 0; lanes &= lanes - 1) {
            int lane = Integer.numberOfTrailingZeros(lanes);
            boolean named = (cut.members(frame, first + lane) & 1 << lane) != 0;
            frame.predicate[first + lane] = named && lane == frame.result[first + lane] ? 1 : 0;
        }
    }

    private int reduce(int group) {
        int total = frame.first[first + Integer.numberOfTrailingZeros(group)];
        for (int lanes = group & (group - 1); lanes != 0; lanes &= lanes - 1) {
            int value = frame.first[first + Integer.numberOfTrailingZeros(lanes)];
            total =
                    switch (cut.action()) {
                        case REDUCE_ADD -> total + value;
                        case REDUCE_AND -> total & value;
                        case REDUCE_OR -> total | value;
                        case REDUCE_XOR -> total ^ value;
                        case REDUCE_MIN_SIGNED -> Math.min(total, value);
                        case REDUCE_MAX_SIGNED -> Math.max(total, value);
                        case REDUCE_MIN_UNSIGNED -> Compare.minUnsigned(total, value);
                        case REDUCE_MAX_UNSIGNED -> Compare.maxUnsigned(total, value);
                        default ->
                                throw new IllegalStateException("not a reduction: " + cut.action());
                    };
        }
        return total;
    }
}
