package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.StateSpace;
import org.jspecify.annotations.Nullable;

/// A kernel's blocks and the cuts between them. The last block is the exit: it holds no
/// instruction.
public final class ControlFlow {
    private final List<Instruction> code;
    private final List<Block> blocks = new ArrayList<>();
    private final List<Cut> cuts = new ArrayList<>();
    private Block[] blockAt = new Block[0];

    private ControlFlow(List<Instruction> code) {
        this.code = code;
    }

    /// Blocks, edges and every cut that the meaning of the code demands; none for the JIT
    /// compiler's sake yet.
    public static ControlFlow of(List<Instruction> code) {
        ControlFlow flow = new ControlFlow(code);
        flow.cutIntoBlocks();
        flow.connect();
        flow.placeMeetings();
        RegisterUse use = flow.registerUse();
        WarpOrder.place(flow, use);
        Loops loops = Loops.of(flow);
        loops.markDepths();
        new SpinLoops(flow, loops, use).placeYields();
        return flow;
    }

    public List<Instruction> code() {
        return code;
    }

    public List<Block> blocks() {
        return blocks;
    }

    public Block start() {
        return blocks.getFirst();
    }

    /// In the order of their entry numbers, which begin at 1.
    public List<Cut> cuts() {
        return cuts;
    }

    /// The number that stands for "has exited" where an entry number is expected.
    public int exitEntry() {
        return cuts.size() + 1;
    }

    public boolean isExit(Block block) {
        return block.start() == code.size() && block.end() == code.size();
    }

    Cut newCut(Cut.Kind kind, @Nullable Instruction instruction, Block target) {
        Cut cut = new Cut(cuts.size() + 1, kind, instruction, target);
        cuts.add(cut);
        return cut;
    }

    /// The cut without operands before `target`, made once per target and kind.
    Cut plainCut(Cut.Kind kind, Block target) {
        for (Cut cut : cuts) {
            if (cut.kind() == kind && cut.target() == target) {
                return cut;
            }
        }
        return newCut(kind, null, target);
    }

    /// Makes every way into `target` that has no cut yet a forced one.
    void forceBefore(Block target) {
        Cut cut = plainCut(Cut.Kind.FORCED, target);
        for (Block block : blocks) {
            for (Edge edge : block.edges()) {
                if (edge.target() == target && edge.cut() == null) {
                    edge.place(cut);
                }
            }
        }
    }

    /// Splits `block` before instruction `index` and puts a forced cut there.
    void forceInside(Block block, int index) {
        Block tail = split(block, index);
        for (int depth = 0; depth < block.loopDepth(); depth++) {
            tail.deepen();
        }
        block.edges().getFirst().place(newCut(Cut.Kind.FORCED, null, tail));
    }

    /// Splits `block` before instruction `index`, which may be its first; answers the second half.
    Block split(Block block, int index) {
        Block tail = new Block(blocks.size(), index, block.end());
        tail.edges().addAll(block.edges());
        block.edges().clear();
        block.shorten(index);
        block.edges().add(new Edge(tail));
        blocks.add(tail);
        return tail;
    }

    Block emptyBlock(int index) {
        Block block = new Block(blocks.size(), index, index);
        blocks.add(block);
        return block;
    }

    /// A block of its own, without edges yet, that does what `block` does last.
    Block lastInstructionOf(Block block) {
        Block last = new Block(blocks.size(), block.end() - 1, block.end());
        blocks.add(last);
        return last;
    }

    private RegisterUse registerUse() {
        int[] highest = {0};
        RegisterUse any = new RegisterUse(0);
        for (Instruction instruction : code) {
            any.reads(instruction, number -> highest[0] = Math.max(highest[0], number));
            any.writes(instruction, number -> highest[0] = Math.max(highest[0], number));
        }
        return new RegisterUse(highest[0] + 1);
    }

    private void cutIntoBlocks() {
        BitSet leaders = new BitSet();
        leaders.set(0);
        leaders.set(code.size());
        for (int index = 0; index < code.size(); index++) {
            Instruction instruction = code.get(index);
            if (instruction.endsFlow() || isCut(instruction)) {
                leaders.set(index + 1);
            }
            if (isMeeting(instruction)) {
                leaders.set(index);
            }
            instruction.operands().forEach(operand -> markTargets(operand, leaders));
        }
        blockAt = new Block[code.size() + 1];
        for (int start = leaders.nextSetBit(0); start >= 0; ) {
            int next = leaders.nextSetBit(start + 1);
            Block block = new Block(blocks.size(), start, next < 0 ? code.size() : next);
            blocks.add(block);
            blockAt[start] = block;
            start = next;
        }
    }

    private static void markTargets(Operand operand, BitSet leaders) {
        if (operand instanceof Operand.Label label) {
            leaders.set(label.target());
        } else if (operand instanceof Operand.BranchTargets targets) {
            targets.labels().forEach(label -> leaders.set(label.target()));
        }
    }

    private void connect() {
        int count = blocks.size();
        for (int number = 0; number < count; number++) {
            Block block = blocks.get(number);
            if (!isExit(block)) {
                connect(block);
            }
        }
    }

    private void connect(Block block) {
        Instruction last = code.get(block.end() - 1);
        Block next = blockAt[block.end()];
        if (isCut(last)) {
            Edge cutEdge = new Edge(next);
            cutEdge.place(newCut(kindOf(last), last, next));
            block.edges().add(cutEdge);
            if (last.guard() != null) {
                block.edges().add(new Edge(next));
            }
            return;
        }
        for (Operand operand : last.operands()) {
            if (last.opcode() == Opcode.BRA && operand instanceof Operand.Label label) {
                block.edges().add(new Edge(blockAt[label.target()]));
            } else if (operand instanceof Operand.BranchTargets targets) {
                for (Operand.Label label : targets.labels()) {
                    block.edges().add(new Edge(blockAt[label.target()]));
                }
            }
        }
        if (last.opcode() == Opcode.RET || last.opcode() == Opcode.EXIT) {
            block.edges().add(new Edge(blockAt[code.size()]));
        }
        if (!last.endsFlow() || last.guard() != null) {
            block.edges().add(new Edge(next));
        }
    }

    /// A meeting is before an instruction: every edge into its block gets the cut; an edge that has
    /// one already leads over an empty block.
    private void placeMeetings() {
        int count = blocks.size();
        for (int number = 0; number < count; number++) {
            Block target = blocks.get(number);
            if (isExit(target) || !isMeeting(code.get(target.start()))) {
                continue;
            }
            Cut meeting = newCut(Cut.Kind.MEETING, null, target);
            for (int from = 0; from < count; from++) {
                for (Edge edge : blocks.get(from).edges()) {
                    if (edge.target() == target) {
                        placeMeeting(edge, meeting);
                    }
                }
            }
        }
    }

    private void placeMeeting(Edge edge, Cut meeting) {
        Cut present = edge.cut();
        if (present == null) {
            edge.place(meeting);
            return;
        }
        Block between =
                new Block(blocks.size(), meeting.target().start(), meeting.target().start());
        Edge onward = new Edge(meeting.target());
        onward.place(meeting);
        between.edges().add(onward);
        blocks.add(between);
        edge.redirect(between);
        Cut moved = new Cut(present.entry(), present.kind(), present.instruction(), between);
        cuts.set(present.entry() - 1, moved);
        edge.place(moved);
    }

    /// True for instructions at which threads stop.
    static boolean isCut(Instruction instruction) {
        return switch (instruction.opcode()) {
            case BAR, SHFL, VOTE, MATCH, REDUX, ELECT, ACTIVEMASK -> true;
            default -> false;
        };
    }

    private static Cut.Kind kindOf(Instruction instruction) {
        return switch (instruction.opcode()) {
            case BAR ->
                    instruction.operation().has(Modifier.Flag.WARP)
                            ? Cut.Kind.WARP
                            : Cut.Kind.BARRIER;
            case ACTIVEMASK -> Cut.Kind.MEETING;
            default -> Cut.Kind.WARP;
        };
    }

    /// True for volatile shared accesses: old warp reductions count on lockstep between them.
    private static boolean isMeeting(Instruction instruction) {
        return (instruction.opcode() == Opcode.LD || instruction.opcode() == Opcode.ST)
                && instruction.operation().semantics() == Modifier.Semantics.VOLATILE
                && instruction.operation().space() == StateSpace.SHARED;
    }
}
