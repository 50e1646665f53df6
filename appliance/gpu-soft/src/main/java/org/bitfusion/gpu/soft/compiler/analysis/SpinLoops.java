package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.BitSet;
import java.util.function.Consumer;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operand;

/// Finds loops that may wait for another thread: a branch in them depends on what a volatile,
/// relaxed, acquire or atomic access read (or any access, when the loop holds a fence), or they
/// sleep. Their back edges yield.
final class SpinLoops {
    private final ControlFlow flow;
    private final Loops loops;
    private final RegisterUse use;

    SpinLoops(ControlFlow flow, Loops loops, RegisterUse use) {
        this.flow = flow;
        this.loops = loops;
        this.use = use;
    }

    void placeYields() {
        for (Loops.Loop loop : loops.all()) {
            if (mayWait(loop.body()) && loop.back().cut() == null) {
                loop.back().place(flow.plainCut(Cut.Kind.YIELD, loop.back().target()));
            }
        }
    }

    private boolean mayWait(BitSet body) {
        boolean[] found = new boolean[3];
        each(
                body,
                instruction -> {
                    found[0] |= readsFresh(instruction, false);
                    found[1] |= isFence(instruction);
                    found[2] |= instruction.opcode() == Opcode.NANOSLEEP;
                });
        boolean suspicious = found[0] || found[1];
        return found[2] || (suspicious && branchesOnFresh(body, found[1]));
    }

    private boolean branchesOnFresh(BitSet body, boolean anyRead) {
        BitSet fresh = new BitSet();
        int before;
        do {
            before = fresh.cardinality();
            each(body, instruction -> spread(instruction, fresh, anyRead));
        } while (fresh.cardinality() != before);
        boolean[] found = new boolean[1];
        each(
                body,
                instruction -> {
                    Instruction.Guard guard = instruction.guard();
                    found[0] |= guard != null && fresh.get(guard.predicate().number());
                    found[0] |= instruction.opcode() == Opcode.BRX;
                });
        return found[0];
    }

    private void spread(Instruction instruction, BitSet fresh, boolean anyRead) {
        boolean[] tainted = {readsFresh(instruction, anyRead)};
        use.reads(instruction, number -> tainted[0] |= fresh.get(number));
        if (tainted[0]) {
            use.writes(instruction, fresh::set);
        }
    }

    private void each(BitSet body, Consumer<Instruction> action) {
        for (int number = body.nextSetBit(0); number >= 0; number = body.nextSetBit(number + 1)) {
            Block block = flow.blocks().get(number);
            for (int index = block.start(); index < block.end(); index++) {
                action.accept(flow.code().get(index));
            }
        }
    }

    private static boolean readsFresh(Instruction instruction, boolean anyRead) {
        return switch (instruction.opcode()) {
            case ATOM -> !(instruction.operand(0) instanceof Operand.Sink);
            case LD ->
                    switch (instruction.operation().semantics()) {
                        case WEAK ->
                                anyRead
                                        || instruction.operation().has(Modifier.Caching.CV)
                                        || instruction.operation().has(Modifier.Caching.CG);
                        default -> true;
                    };
            default -> false;
        };
    }

    private static boolean isFence(Instruction instruction) {
        return instruction.opcode() == Opcode.MEMBAR || instruction.opcode() == Opcode.FENCE;
    }
}
