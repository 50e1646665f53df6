package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Predicate;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Opcode;

/// What all threads of a block do together: whether they stop at the same cuts in the same order,
/// and if so, which registers then hold the same value in each of them.
///
/// A register differs after a write from something that differs, and after any write where threads
/// may have taken different ways. Ways part at branches on what differs, up to where they all meet
/// again.
public final class Convergence {
    /// Kernels with more blocks are not looked at: first launches would wait for it.
    private static final int MAXIMUM_BLOCKS = 2_000;

    private final ControlFlow flow;
    private final RegisterUse use;
    private final UniformValues uniform;

    /// Registers that may differ at the start of each block.
    private final List<BitSet> differing = new ArrayList<>();

    /// Blocks that not all threads may run, or not equally often.
    private final BitSet parted = new BitSet();

    /// Blocks that threads may leave on different edges.
    private final BitSet parting = new BitSet();

    private final boolean together;

    /// @param meetsWholeBlock true for a cut at which all threads of the block wait for each other,
    ///   once all of them are on their way to it
    public Convergence(
            ControlFlow flow,
            RegisterUse use,
            UniformValues uniform,
            Predicate<Cut> meetsWholeBlock) {
        this.flow = flow;
        this.use = use;
        this.uniform = uniform;
        this.together =
                flow.cuts().isEmpty()
                        || (flow.blocks().size() <= MAXIMUM_BLOCKS
                                && flow.cuts().stream().allMatch(meetsWholeBlock)
                                && solve());
    }

    /// True when all threads of a block always wait at the same cut, so that a region always runs
    /// for the whole block; always when there is no cut.
    public boolean together() {
        return together;
    }

    /// True when the register is known to hold the same value in all threads at the start of a
    /// block; only when they stay [#together], and not for [UniformValues], which nobody keeps.
    public boolean agrees(Block start, int register) {
        return together
                && !differing.isEmpty()
                && !differing.get(start.number()).get(register)
                && !uniform.isUniform(register);
    }

    /// Answers whether all cuts are passed by all threads.
    private boolean solve() {
        PostDominators ends = new PostDominators(flow);
        if (!flow.blocks().stream().allMatch(ends::ends)) {
            return false;
        }
        flow.blocks().forEach(_ -> differing.add(new BitSet()));
        boolean changed;
        do {
            changed = false;
            for (Block block : flow.blocks()) {
                BitSet after = after(block);
                for (Edge edge : block.edges()) {
                    changed |= add(differing.get(edge.target().number()), after);
                }
                if (parting.get(block.number())) {
                    changed |= add(parted, ends.between(block));
                }
            }
        } while (changed);
        return flow.blocks().stream().noneMatch(this::cutsSome);
    }

    private static boolean add(BitSet set, BitSet more) {
        int before = set.cardinality();
        set.or(more);
        return set.cardinality() != before;
    }

    /// The registers that may differ at the end of a block; marks it when it parts the threads.
    private BitSet after(Block block) {
        BitSet state = (BitSet) differing.get(block.number()).clone();
        boolean some = parted.get(block.number());
        for (int index = block.start(); index < block.end(); index++) {
            Instruction instruction = flow.code().get(index);
            if (index == block.end() - 1
                    && block.edges().size() > 1
                    && branches(instruction, state)) {
                parting.set(block.number());
            }
            if (!uniform.isHoisted(instruction)) {
                write(instruction, some, state);
            }
        }
        return state;
    }

    private void write(Instruction instruction, boolean some, BitSet state) {
        Instruction.Guard guard = instruction.guard();
        boolean guarded = guard != null && state.get(guard.predicate().number());
        boolean same = UniformValues.isComputedFrom(instruction, register -> !state.get(register));
        if (some || guarded || !same) {
            use.writes(instruction, state::set);
        } else if (guard == null) {
            use.writes(instruction, state::clear);
        }
    }

    /// True when threads may take different ways after the last instruction of a block.
    private boolean branches(Instruction last, BitSet state) {
        boolean[] differs = new boolean[1];
        Instruction.Guard guard = last.guard();
        if (guard != null) {
            differs[0] = state.get(guard.predicate().number());
        }
        if (last.opcode() == Opcode.BRX) {
            use.reads(last, register -> differs[0] |= state.get(register));
        }
        return differs[0];
    }

    /// True when only some threads may come to a cut that leaves the block.
    private boolean cutsSome(Block block) {
        return block.edges().stream().anyMatch(edge -> edge.cut() != null)
                && (parted.get(block.number()) || parting.get(block.number()));
    }
}
