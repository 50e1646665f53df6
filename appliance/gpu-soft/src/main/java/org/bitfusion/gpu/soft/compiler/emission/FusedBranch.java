package org.bitfusion.gpu.soft.compiler.emission;

import java.util.BitSet;
import org.bitfusion.gpu.soft.compiler.analysis.Block;
import org.bitfusion.gpu.soft.compiler.analysis.Edge;
import org.bitfusion.gpu.soft.compiler.analysis.Kernel;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Opcode;
import org.jspecify.annotations.Nullable;

/// A comparison and the branch on it at the end of a block, written as one compare and branch.
///
/// @param comparison the comparison that the branch can repeat; null when there is none
/// @param index where it is
/// @param dead true when nothing else reads its predicate
record FusedBranch(@Nullable Instruction comparison, int index, boolean dead) {
    private static final FusedBranch NONE = new FusedBranch(null, -1, false);

    /// True when instruction `number` need not be written at its place.
    boolean skips(int number) {
        return dead && number == index;
    }

    static FusedBranch in(Kernel kernel, Block block) {
        int last = block.end() - 1;
        if (block.start() >= last) {
            return NONE;
        }
        Instruction branch = kernel.flow().code().get(last);
        Instruction.Guard guard = branch.guard();
        if (guard == null || branch.opcode() != Opcode.BRA) {
            return NONE;
        }
        int predicate = guard.predicate().number();
        if (kernel.uniform().isUniform(predicate)) {
            return NONE;
        }
        BitSet changed = new BitSet();
        BitSet readLater = new BitSet();
        for (int index = last - 1; index >= block.start(); index--) {
            Instruction instruction = kernel.flow().code().get(index);
            BitSet writes = new BitSet();
            kernel.use().writes(instruction, writes::set);
            if (writes.get(predicate)) {
                return of(kernel, block, instruction, index, predicate, changed, readLater);
            }
            changed.or(writes);
            kernel.use().reads(instruction, readLater::set);
        }
        return NONE;
    }

    private static FusedBranch of(
            Kernel kernel,
            Block block,
            Instruction instruction,
            int index,
            int predicate,
            BitSet changed,
            BitSet readLater) {
        BitSet sources = new BitSet();
        kernel.use().reads(instruction, sources::set);
        if (!ComparisonEmitter.isPlain(instruction)
                || kernel.bridged().contains(instruction)
                || sources.intersects(changed)) {
            return NONE;
        }
        boolean read = readLater.get(predicate);
        for (Edge edge : block.edges()) {
            read |= kernel.liveness().liveIn(edge.target()).get(predicate);
        }
        return new FusedBranch(instruction, index, !read);
    }
}
