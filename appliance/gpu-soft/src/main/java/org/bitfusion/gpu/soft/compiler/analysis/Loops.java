package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;

/// The loops of a kernel: one for each edge that closes a cycle in a depth-first walk.
final class Loops {
    private final ControlFlow flow;
    private final List<Loop> loops = new ArrayList<>();
    private final List<List<Block>> predecessors = new ArrayList<>();

    /// A loop.
    ///
    /// @param back the closing edge; it leads to the header
    /// @param body numbers of the blocks that reach `back` without passing the header, and the
    ///   header
    record Loop(Edge back, BitSet body) {}

    private Loops(ControlFlow flow) {
        this.flow = flow;
    }

    static Loops of(ControlFlow flow) {
        Loops loops = new Loops(flow);
        loops.collectPredecessors();
        loops.walk();
        return loops;
    }

    List<Loop> all() {
        return loops;
    }

    void markDepths() {
        for (Loop loop : loops) {
            loop.body().stream().forEach(number -> flow.blocks().get(number).deepen());
        }
    }

    private void collectPredecessors() {
        flow.blocks().forEach(_ -> predecessors.add(new ArrayList<>()));
        for (Block block : flow.blocks()) {
            block.edges().forEach(edge -> predecessors.get(edge.target().number()).add(block));
        }
    }

    /// Iterative, as kernels may have tens of thousands of blocks in a row.
    private void walk() {
        BitSet seen = new BitSet();
        BitSet onPath = new BitSet();
        Deque<Block> path = new ArrayDeque<>();
        int[] nextEdge = new int[flow.blocks().size()];
        path.push(flow.start());
        seen.set(0);
        onPath.set(0);
        while (!path.isEmpty()) {
            Block block = path.peek();
            if (nextEdge[block.number()] == block.edges().size()) {
                onPath.clear(block.number());
                path.pop();
                continue;
            }
            Edge edge = block.edges().get(nextEdge[block.number()]++);
            int target = edge.target().number();
            if (onPath.get(target)) {
                loops.add(new Loop(edge, bodyOf(block, edge.target())));
            } else if (!seen.get(target)) {
                seen.set(target);
                onPath.set(target);
                path.push(edge.target());
            }
        }
    }

    private BitSet bodyOf(Block end, Block header) {
        BitSet body = new BitSet();
        body.set(header.number());
        Deque<Block> open = new ArrayDeque<>();
        open.push(end);
        while (!open.isEmpty()) {
            Block block = open.pop();
            if (!body.get(block.number())) {
                body.set(block.number());
                predecessors.get(block.number()).forEach(open::push);
            }
        }
        return body;
    }
}
