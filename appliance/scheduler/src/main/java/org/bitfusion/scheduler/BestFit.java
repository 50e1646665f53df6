package org.bitfusion.scheduler;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Looks for GPUs on which a request fits now, on as few appliances as can be.
///
/// Of the appliances that have as many GPUs as are looked for, the one is taken where, in this
/// order: the fewest wholly free GPUs are begun, the least is left over on the GPUs taken, the
/// fewest wholly free GPUs lie beside. On an appliance, GPUs in use come before wholly free ones,
/// then those on which less is left over, then the first.
///
/// Used by one thread, for one search.
final class BestFit {
    private static final long BEGUN = 1L << 56;
    private static final long LEFT_OVER = 1L << 8;
    private static final long WHOLE = 1L << 62;

    /// @param places of the room's GPUs, ascending
    record Part(Room room, List<Integer> places) {}

    private final Need need;
    private final int examinedLimit;
    private final boolean[] used;
    private Need.Smallest chosen = new Need.Smallest(1);
    private @Nullable Room best;
    private List<Integer> bestPlaces = List.of();
    private long bestCost;
    private int examined;

    /// @param examinedLimit after so many appliances that would do, the best so far is taken
    BestFit(Need need, int appliances, int examinedLimit) {
        this.need = need;
        this.examinedLimit = examinedLimit;
        used = new boolean[appliances];
    }

    /// Which GPUs `count` fit on; empty if so many do not.
    List<Part> find(RoomTree.Node root, int count) {
        List<Part> parts = new ArrayList<>();
        int missing = count;
        int wanted = Math.min(count, root.free().length);
        while (wanted > 0 && missing > 0) {
            Part part = onOneAppliance(root, wanted);
            if (part == null) {
                wanted--;
                continue;
            }
            used[part.room.position()] = true;
            parts.add(part);
            missing -= wanted;
            wanted = Math.min(wanted, missing);
        }
        return missing == 0 ? parts : List.of();
    }

    private @Nullable Part onOneAppliance(RoomTree.Node root, int count) {
        chosen = new Need.Smallest(count);
        best = null;
        bestCost = Long.MAX_VALUE;
        examined = 0;
        visit(root, count, true);
        if (best == null) {
            visit(root, count, false);
        }
        return best == null ? null : new Part(best, bestPlaces);
    }

    /// @param inUse look only where no wholly free GPU has to be begun
    private void visit(RoomTree.Node node, int count, boolean inUse) {
        int[] most = inUse ? node.started() : node.free();
        if (most.length < count || most[count - 1] < need.atLeast(node)) {
            return;
        }
        if (node.isLeaf()) {
            examine(node.rooms()[0], inUse);
            return;
        }
        for (RoomTree.Node child : node.children()) {
            if (examined >= examinedLimit) {
                return;
            }
            visit(child, count, inUse);
        }
    }

    private void examine(Room room, boolean inUse) {
        if (used[room.position()] || !need.mayUseAny(room)) {
            return;
        }
        chosen.clear();
        int whole = 0;
        for (int place = 0; place < room.free().length; place++) {
            int available = need.available(room, place);
            int memory = room.memory(place);
            int wanted = need.of(memory);
            if (available < wanted || !need.mayUse(room, place)) {
                continue;
            }
            boolean isWhole = room.free()[place] == memory;
            whole += isWhole ? 1 : 0;
            if (!(inUse && isWhole)) {
                long leftOver = (long) available - wanted;
                chosen.offer((isWhole ? WHOLE : 0) + leftOver * LEFT_OVER + place);
            }
        }
        if (chosen.isFull()) {
            examined++;
            keepIfBetter(room, whole);
        }
    }

    private void keepIfBetter(Room room, int whole) {
        long cost = whole;
        for (int i = 0; i < chosen.count(); i++) {
            long value = chosen.at(i);
            cost +=
                    (value >= WHOLE ? BEGUN - 1 : 0)
                            + (value & (WHOLE - 1)) / LEFT_OVER * LEFT_OVER;
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
