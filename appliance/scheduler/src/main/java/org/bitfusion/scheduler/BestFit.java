package org.bitfusion.scheduler;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Looks for GPUs on which a request fits now, on as few appliances as can be.
///
/// Of the appliances that have as many GPUs as are looked for, the one is taken where, in this
/// order: the fewest unused GPUs are begun, the least is left over on the GPUs taken, the fewest
/// unused GPUs lie beside. On an appliance, GPUs in use come before unused ones, then those on
/// which less is left over, then the first.
///
/// Nodes of the tree are visited in the order of the least that a place below them can cost, and
/// not at all if that is more than the best so far: what is found is the best of all.
///
/// Used by one thread, for one search.
final class BestFit {
    /// A cost is a number of begun GPUs, MiB left over, and a number of unused GPUs beside.
    private static final long BEGUN = 1L << 56;

    private static final long LEFT_OVER = 1L << 8;
    private static final long UNUSED = 1L << 62;
    private static final long NEVER = Long.MAX_VALUE;

    /// @param places of the room's GPUs, ascending
    record Part(Room room, List<Integer> places) {}

    private final Need need;
    private final RoomTree tree;
    private final List<Integer> used = new ArrayList<>();
    private Smallest chosen = new Smallest(1);
    private int count;
    private @Nullable Room best;
    private List<Integer> bestPlaces = List.of();
    private long bestCost;

    BestFit(Need need, RoomTree tree) {
        this.need = need;
        this.tree = tree;
    }

    /// Which GPUs `wanted` fit on; empty if so many do not.
    List<Part> find(int wanted) {
        List<Part> parts = new ArrayList<>();
        int missing = wanted;
        int together = Math.min(wanted, tree.root().gpuCount());
        while (together > 0 && missing > 0) {
            Part part = onOneAppliance(together);
            if (part == null) {
                together--;
                continue;
            }
            used.add(part.room.position());
            parts.add(part);
            missing -= together;
            together = Math.min(together, missing);
        }
        return missing == 0 ? parts : List.of();
    }

    private @Nullable Part onOneAppliance(int together) {
        count = together;
        chosen = new Smallest(together);
        best = null;
        bestCost = NEVER;
        // what nodes tell does not know what is set aside: there may be less left over
        for (int position : need.claims().positions()) {
            examine(tree.room(position));
        }
        if (leastCost(tree.root()) < NEVER) {
            visit(tree.root(), 0, tree.topLevel());
        }
        return best == null ? null : new Part(best, bestPlaces);
    }

    /// @param first position below the node
    private void visit(RoomNode node, int first, int level) {
        if (node.isLeaf()) {
            if (need.claims().of(first).length == 0) {
                examine(node.room());
            }
            return;
        }
        RoomNode[] children = node.children();
        long[] costs = new long[children.length];
        for (int i = 0; i < costs.length; i++) {
            int position = first + i * RoomTree.span(level);
            costs[i] =
                    need.mayUseAny(position, RoomTree.span(level)) ? leastCost(children[i]) : NEVER;
        }
        for (int next = least(costs); costs[next] < bestCost; next = least(costs)) {
            visit(children[next], first + next * RoomTree.span(level), level - 1);
            costs[next] = NEVER;
        }
    }

    private static int least(long[] costs) {
        int least = 0;
        for (int i = 1; i < costs.length; i++) {
            if (costs[i] < costs[least]) {
                least = i;
            }
        }
        return least;
    }

    /// No place below the node costs less, as long as nothing of it is set aside.
    private long leastCost(RoomNode node) {
        int needed = need.atLeast(node);
        if (!node.mayHave(count, needed)) {
            return NEVER;
        }
        int mostNeeded = need.of(node.largestMemory());
        int leftOnStarted = Math.max(0, node.leastStarted(needed) - mostNeeded);
        if (!need.isWhole() && node.mayHaveStarted(count, needed)) {
            return (long) count * leftOnStarted * LEFT_OVER + node.leastUnusedBeside(0);
        }
        int begun = need.isWhole() ? count : 1;
        int beside = node.leastUnusedBeside(begun);
        if (beside >= Long.SIZE) {
            return NEVER;
        }
        int smallest = node.smallestMemory();
        long leftOnUnused = Math.max(0, smallest - need.of(smallest));
        long left = begun * leftOnUnused + (count - begun) * Math.min(leftOnUnused, leftOnStarted);
        return begun * BEGUN + left * LEFT_OVER + beside;
    }

    private void examine(Room room) {
        if (!room.isAvailable() || !need.mayUseAny(room) || used.contains(room.position())) {
            return;
        }
        chosen.clear();
        int unused = 0;
        for (int place = 0; place < room.free().length; place++) {
            int memory = room.memory(place);
            boolean isUnused = room.free()[place] == memory;
            unused += isUnused ? 1 : 0;
            int left = need.available(room, place) - need.of(memory);
            if (left >= 0 && need.mayUse(room, place)) {
                chosen.offer((isUnused ? UNUSED : 0) + left * LEFT_OVER + place);
            }
        }
        if (chosen.isFull()) {
            keepIfBetter(room, unused);
        }
    }

    private void keepIfBetter(Room room, int unused) {
        long cost = unused;
        for (int i = 0; i < chosen.count(); i++) {
            long value = chosen.at(i);
            cost += (value & (UNUSED - 1)) / LEFT_OVER * LEFT_OVER;
            cost += value >= UNUSED ? BEGUN - 1 : 0;
        }
        if (cost < bestCost) {
            bestCost = cost;
            best = room;
            bestPlaces =
                    chosen.stream()
                            .mapToObj(value -> (int) (value & (LEFT_OVER - 1)))
                            .sorted()
                            .toList();
        }
    }
}
