package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The code that a thread can run from one entry without passing a cut: one method.
///
/// @param entry 0 for the start of the kernel, else the cut's number
/// @param cut where threads come from; null for the start
/// @param start the first block
/// @param blocks in text order; contains `start`
public record Region(int entry, @Nullable Cut cut, Block start, List<Block> blocks) {

    static Region from(int entry, @Nullable Cut cut, Block start) {
        BitSet seen = new BitSet();
        List<Block> members = new ArrayList<>();
        Deque<Block> open = new ArrayDeque<>();
        open.push(start);
        seen.set(start.number());
        while (!open.isEmpty()) {
            Block block = open.pop();
            members.add(block);
            for (Edge edge : block.edges()) {
                int target = edge.target().number();
                if (edge.cut() == null && !seen.get(target)) {
                    seen.set(target);
                    open.push(edge.target());
                }
            }
        }
        members.sort(Comparator.comparingInt(Block::start).thenComparingInt(Block::end));
        return new Region(entry, cut, start, List.copyOf(members));
    }

    /// All regions of a kernel, by entry number.
    public static List<Region> allOf(ControlFlow flow) {
        List<Region> regions = new ArrayList<>();
        regions.add(from(0, null, flow.start()));
        for (Cut cut : flow.cuts()) {
            regions.add(from(cut.entry(), cut, cut.target()));
        }
        return regions;
    }
}
