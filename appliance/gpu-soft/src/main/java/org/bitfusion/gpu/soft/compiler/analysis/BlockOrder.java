package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The blocks that can be reached, each after all that lead to it, back edges aside.
final class BlockOrder {
    private final List<Block> blocks = new ArrayList<>();
    private final List<List<Block>> sources = new ArrayList<>();
    private final int[] position;
    private int @Nullable [] dominators;

    BlockOrder(ControlFlow flow) {
        int count = flow.blocks().size();
        position = new int[count];
        Arrays.fill(position, -1);
        flow.blocks().forEach(_ -> sources.add(new ArrayList<>()));
        walk(flow);
        Collections.reverse(blocks);
        for (int index = 0; index < blocks.size(); index++) {
            position[blocks.get(index).number()] = index;
        }
        for (Block block : blocks) {
            for (Edge edge : block.edges()) {
                List<Block> known = sources.get(edge.target().number());
                if (known.isEmpty() || known.getLast() != block) {
                    known.add(block);
                }
            }
        }
    }

    private void walk(ControlFlow flow) {
        BitSet seen = new BitSet();
        int[] nextEdge = new int[flow.blocks().size()];
        Deque<Block> path = new ArrayDeque<>();
        path.push(flow.start());
        seen.set(flow.start().number());
        while (!path.isEmpty()) {
            Block block = path.peek();
            if (nextEdge[block.number()] == block.edges().size()) {
                blocks.add(path.pop());
                continue;
            }
            Block target = block.edges().get(nextEdge[block.number()]++).target();
            if (!seen.get(target.number())) {
                seen.set(target.number());
                path.push(target);
            }
        }
    }

    List<Block> blocks() {
        return blocks;
    }

    /// The last block that every way to `block` passes; null for the first.
    @Nullable Block dominator(Block block) {
        if (dominators == null) {
            dominators = findDominators();
        }
        int index = dominators[position[block.number()]];
        return index < 0 || blocks.get(index) == block ? null : blocks.get(index);
    }

    /// True when every way to `block` passes the block numbered `number`.
    boolean dominates(int number, Block block) {
        Block passed = block;
        while (passed != null && passed.number() != number) {
            passed = dominator(passed);
        }
        return passed != null;
    }

    /// By position (Cooper, Harvey and Kennedy's iteration).
    private int[] findDominators() {
        int[] found = new int[blocks.size()];
        Arrays.fill(found, -1);
        found[0] = 0;
        boolean changed;
        do {
            changed = false;
            for (int index = 1; index < found.length; index++) {
                int common = -1;
                for (Block source : sources(blocks.get(index))) {
                    int one = position[source.number()];
                    if (found[one] >= 0) {
                        common = common < 0 ? one : meet(found, common, one);
                    }
                }
                changed |= found[index] != common;
                found[index] = common;
            }
        } while (changed);
        return found;
    }

    private static int meet(int[] found, int first, int second) {
        int a = first;
        int b = second;
        while (a != b) {
            if (a > b) {
                a = found[a];
            } else {
                b = found[b];
            }
        }
        return a;
    }

    /// The reachable blocks with an edge to `block`.
    List<Block> sources(Block block) {
        return sources.get(block.number());
    }

    boolean isBackward(Block source, Block target) {
        return position[source.number()] >= position[target.number()];
    }
}
