package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.Deque;
import java.util.List;

/// The block through which every way from a block to the kernel's end leads first (Cooper, Harvey
/// and Kennedy's iteration, on the reversed flow).
final class PostDominators {
    private static final int NONE = -1;

    private final ControlFlow flow;
    private final int exit;
    private final int[] next;
    private final int[] order;

    PostDominators(ControlFlow flow) {
        this.flow = flow;
        int count = flow.blocks().size();
        this.exit = flow.blocks().stream().filter(flow::isExit).findFirst().orElseThrow().number();
        this.next = new int[count];
        this.order = new int[count];
        Arrays.fill(next, NONE);
        Arrays.fill(order, NONE);
        solve(backwards());
    }

    /// True when some way leads from the block to the kernel's end.
    boolean ends(Block block) {
        return order[block.number()] != NONE;
    }

    /// The blocks that threads may run between a branch at the end of `branch` and where their ways
    /// meet again; with `branch` itself when it lies in a loop that the branch may leave.
    BitSet between(Block branch) {
        BitSet between = new BitSet();
        Deque<Block> open = new ArrayDeque<>();
        open.push(branch);
        while (!open.isEmpty()) {
            for (Edge edge : open.pop().edges()) {
                int target = edge.target().number();
                if (target != next[branch.number()] && !between.get(target)) {
                    between.set(target);
                    open.push(edge.target());
                }
            }
        }
        return between;
    }

    /// The blocks that reach the end, each after all it leads to, back edges aside.
    private List<Block> backwards() {
        List<List<Block>> predecessors = new ArrayList<>();
        flow.blocks().forEach(_ -> predecessors.add(new ArrayList<>()));
        for (Block block : flow.blocks()) {
            block.edges().forEach(edge -> predecessors.get(edge.target().number()).add(block));
        }
        int[] taken = new int[predecessors.size()];
        BitSet seen = new BitSet();
        List<Block> finished = new ArrayList<>();
        Deque<Block> path = new ArrayDeque<>();
        path.push(flow.blocks().get(exit));
        seen.set(exit);
        while (!path.isEmpty()) {
            Block block = path.peek();
            List<Block> sources = predecessors.get(block.number());
            if (taken[block.number()] == sources.size()) {
                finished.add(path.pop());
                continue;
            }
            Block source = sources.get(taken[block.number()]++);
            if (!seen.get(source.number())) {
                seen.set(source.number());
                path.push(source);
            }
        }
        Collections.reverse(finished);
        return finished;
    }

    private void solve(List<Block> blocks) {
        for (int index = 0; index < blocks.size(); index++) {
            order[blocks.get(index).number()] = index;
        }
        next[exit] = exit;
        boolean changed;
        do {
            changed = false;
            for (Block block : blocks) {
                if (block.number() == exit) {
                    continue;
                }
                int meeting = NONE;
                for (Edge edge : block.edges()) {
                    int target = edge.target().number();
                    if (next[target] != NONE) {
                        meeting = meeting == NONE ? target : meet(meeting, target);
                    }
                }
                changed |= next[block.number()] != meeting;
                next[block.number()] = meeting;
            }
        } while (changed);
    }

    private int meet(int first, int second) {
        int a = first;
        int b = second;
        while (a != b) {
            while (order[a] > order[b]) {
                a = next[a];
            }
            while (order[b] > order[a]) {
                b = next[b];
            }
        }
        return a;
    }
}
