package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Opcode;
import org.jspecify.annotations.Nullable;

/// Puts meetings of warps into the middle of code.
///
/// Where only some lanes run that code, because of a branch just before, the others come to the
/// meeting too and branch a second time after it, so that all threads of a block still stop at the
/// same cuts:
///
/// ```
///     @p bra next;                    @p bra meet;
///     first...                        first...
///     (meeting)            →    meet: (meeting)
///     second...                       @p bra next;
/// next:                               second...
///                               next:
/// ```
final class Meetings {
    private final ControlFlow flow;
    private final RegisterUse use;

    /// Numbers of blocks that the lanes of a warp may leave on different edges.
    private final BitSet parting;

    Meetings(ControlFlow flow, RegisterUse use, BitSet parting) {
        this.flow = flow;
        this.use = use;
        this.parting = parting;
    }

    /// A branch on the way to a meeting.
    ///
    /// @param around the edge of those who do not come to it
    private record Level(Block branch, Block inner, Edge around) {}

    /// @param before indexes of instructions, ascending
    void place(List<Integer> before) {
        for (int index : before) {
            Block first =
                    flow.blocks().stream()
                            .filter(block -> block.start() <= index && index < block.end())
                            .findFirst()
                            .orElseThrow();
            Block after = flow.split(first, index);
            Block last = first;
            for (Level level : levels(first)) {
                Block meet = flow.emptyBlock(index);
                Block again = repeat(level, after);
                last.edges().getFirst().redirect(meet);
                level.around().redirect(meet);
                meet.edges().add(new Edge(again));
                last = meet;
                after = again;
            }
            last.edges().getFirst().place(flow.newCut(Cut.Kind.MEETING, null, after));
        }
    }

    /// The branches that lead to `first` and nowhere else on one of their ways, up to the outermost
    /// that parts lanes; innermost first.
    private List<Level> levels(Block first) {
        BlockOrder order = new BlockOrder(flow);
        List<Level> levels = new ArrayList<>();
        int parted = 0;
        BitSet written = new BitSet();
        Block inner = first;
        while (order.sources(inner).size() == 1) {
            collectWrites(inner, written);
            Block source = order.sources(inner).getFirst();
            if (source.edges().size() > 1) {
                Edge around = around(source, inner, written);
                if (around == null) {
                    break;
                }
                levels.add(new Level(source, inner, around));
                parted = parting.get(source.number()) ? levels.size() : parted;
            }
            inner = source;
        }
        return levels.subList(0, parted);
    }

    private void collectWrites(Block block, BitSet written) {
        for (int index = block.start(); index < block.end(); index++) {
            use.writes(flow.code().get(index), written::set);
        }
    }

    /// The other edge of a branch that can be repeated after the registers `written` have changed;
    /// null when it cannot.
    private @Nullable Edge around(Block branch, Block inner, BitSet written) {
        Instruction last = flow.code().get(branch.end() - 1);
        Instruction.Guard guard = last.guard();
        boolean repeatable =
                last.opcode() == Opcode.BRA
                        && guard != null
                        && !written.get(guard.predicate().number())
                        && branch.edges().size() == 2
                        && branch.edges().stream().allMatch(edge -> edge.cut() == null);
        if (!repeatable) {
            return null;
        }
        List<Edge> others = branch.edges().stream().filter(edge -> edge.target() != inner).toList();
        return others.size() == 1 ? others.getFirst() : null;
    }

    private Block repeat(Level level, Block after) {
        Block again = flow.lastInstructionOf(level.branch());
        for (Edge edge : level.branch().edges()) {
            again.edges().add(new Edge(edge.target() == level.inner() ? after : edge.target()));
        }
        if (parting.get(level.branch().number())) {
            parting.set(again.number());
        }
        return again;
    }
}
