package org.bitfusion.gpu.soft.compiler.analysis;

/// A value that addresses are sums of: see [AddressForm].
///
/// @param first which one: a dimension, a symbol's number, an instruction's index, a block's number
/// @param second the register of a result or merge; else 0
record Term(Kind kind, int first, int second) {
    static final Term THREAD_X = new Term(Kind.THREAD, 0, 0);
    static final Term LANE = new Term(Kind.LANE, 0, 0);
    static final Term BLOCK_X = new Term(Kind.BLOCK_SIZE, 0, 0);
    static final Term ANY = new Term(Kind.ANY, 0, 0);
    static final Term ANY_BLOCKS = new Term(Kind.ANY_BLOCKS, 0, 0);

    /// What there is.
    enum Kind {
        /// The address of a shared variable.
        SHARED,
        /// `%tid`.
        THREAD,
        /// `%laneid`, or the same computed from `%tid`.
        LANE,
        /// `%ntid`.
        BLOCK_SIZE,
        /// What an instruction computed when it last ran.
        RESULT,
        /// What a register held when the thread last came to the start of a block.
        MERGE,
        /// Some whole number, known only as such.
        ANY,
        /// Some whole number of times `%ntid.x`.
        ANY_BLOCKS
    }

    static Term result(int index, int register) {
        return new Term(Kind.RESULT, index, register);
    }

    static Term merge(Block block, int register) {
        return new Term(Kind.MERGE, block.number(), register);
    }

    boolean isMergeOf(Block block) {
        return kind == Kind.MERGE && first == block.number();
    }
}
