package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import org.bitfusion.ptx.Instruction;

/// Which registers may still be read at the start of each block. A write under a guard does not end
/// a value's life.
public final class Liveness {
    private final List<BitSet> liveIn = new ArrayList<>();

    public Liveness(ControlFlow flow, RegisterUse use) {
        int count = flow.blocks().size();
        List<BitSet> written = new ArrayList<>();
        List<List<Block>> predecessors = new ArrayList<>();
        for (Block block : flow.blocks()) {
            BitSet reads = new BitSet();
            BitSet writes = new BitSet();
            for (int index = block.start(); index < block.end(); index++) {
                Instruction instruction = flow.code().get(index);
                use.reads(
                        instruction,
                        number -> {
                            if (!writes.get(number)) {
                                reads.set(number);
                            }
                        });
                if (instruction.guard() == null) {
                    use.writes(instruction, writes::set);
                }
            }
            liveIn.add(reads);
            written.add(writes);
            predecessors.add(new ArrayList<>());
        }
        for (Block block : flow.blocks()) {
            block.edges().forEach(edge -> predecessors.get(edge.target().number()).add(block));
        }
        solve(flow, written, predecessors, count);
    }

    private void solve(
            ControlFlow flow, List<BitSet> written, List<List<Block>> predecessors, int count) {
        Deque<Block> open = new ArrayDeque<>();
        BitSet queued = new BitSet(count);
        for (Block block : flow.blocks()) {
            open.push(block);
            queued.set(block.number());
        }
        while (!open.isEmpty()) {
            Block block = open.pop();
            queued.clear(block.number());
            BitSet live = new BitSet();
            block.edges().forEach(edge -> live.or(liveIn.get(edge.target().number())));
            live.andNot(written.get(block.number()));
            BitSet known = liveIn.get(block.number());
            int before = known.cardinality();
            known.or(live);
            if (known.cardinality() != before) {
                for (Block predecessor : predecessors.get(block.number())) {
                    if (!queued.get(predecessor.number())) {
                        queued.set(predecessor.number());
                        open.push(predecessor);
                    }
                }
            }
        }
    }

    public BitSet liveIn(Block block) {
        return liveIn.get(block.number());
    }
}
