package org.bitfusion.gpu.soft.compiler.runtime;

import org.bitfusion.gpu.soft.execution.KernelFault;

/// What happens when threads have stopped at a cut, with the operands that are constants; the
/// others each thread leaves in its frame.
///
/// @param first barrier number
/// @param second shuffle distance, or barrier thread count
/// @param third shuffle clamp and segments
/// @param members the lanes that take part
public record CutPoint(Action action, long first, long second, long third, long members) {
    /// The operand is in the frame.
    public static final long PARKED = Long.MIN_VALUE;

    /// The operand does not exist: all threads.
    public static final long ABSENT = Long.MIN_VALUE + 1;

    /// The barriers of a block.
    public static final int BARRIERS = 16;

    /// What to do.
    public enum Action {
        CONTINUE,
        YIELD,
        LOCKSTEP,
        ACTIVE_MASK,
        BARRIER_SYNC,
        BARRIER_ARRIVE,
        BARRIER_AND,
        BARRIER_OR,
        BARRIER_COUNT,
        WARP_SYNC,
        SHUFFLE_UP,
        SHUFFLE_DOWN,
        SHUFFLE_BUTTERFLY,
        SHUFFLE_INDEX,
        VOTE_ALL,
        VOTE_ANY,
        VOTE_UNIFORM,
        VOTE_BALLOT,
        MATCH_ANY,
        MATCH_ALL,
        REDUCE_ADD,
        REDUCE_AND,
        REDUCE_OR,
        REDUCE_XOR,
        REDUCE_MIN_SIGNED,
        REDUCE_MAX_SIGNED,
        REDUCE_MIN_UNSIGNED,
        REDUCE_MAX_UNSIGNED,
        ELECT;

        public boolean isBarrier() {
            return switch (this) {
                case BARRIER_SYNC, BARRIER_ARRIVE, BARRIER_AND, BARRIER_OR, BARRIER_COUNT -> true;
                default -> false;
            };
        }

        /// True when lanes named by a member mask meet.
        boolean isWarp() {
            return switch (this) {
                case CONTINUE, YIELD, LOCKSTEP, ACTIVE_MASK -> false;
                default -> !isBarrier();
            };
        }
    }

    public static CutPoint of(Action action) {
        return new CutPoint(action, ABSENT, ABSENT, ABSENT, ABSENT);
    }

    /// True when threads that all are on their way here wait for the whole block, whatever they
    /// bring: [CompiledBlock] never has to look at single ones.
    public boolean meetsWholeBlock() {
        return switch (action) {
            case CONTINUE, YIELD, LOCKSTEP -> true;
            case BARRIER_ARRIVE -> false;
            case BARRIER_SYNC, BARRIER_AND, BARRIER_OR, BARRIER_COUNT -> second == ABSENT;
            default -> true;
        };
    }

    /// A barrier number that a thread brings.
    ///
    /// @throws KernelFault when there is no such barrier
    public static int barrier(int number) {
        if (number < 0 || number >= BARRIERS) {
            throw new KernelFault(KernelFault.ILLEGAL_INSTRUCTION, "barrier " + number);
        }
        return number;
    }

    int first(Frame frame, int thread) {
        return first == PARKED ? frame.first[thread] : (int) first;
    }

    int second(Frame frame, int thread) {
        return second == PARKED ? frame.second[thread] : (int) second;
    }

    int third(Frame frame, int thread) {
        return third == PARKED ? frame.third[thread] : (int) third;
    }

    int members(Frame frame, int thread) {
        if (members == ABSENT) {
            return -1;
        }
        return members == PARKED ? frame.members[thread] : (int) members;
    }
}
