package org.bitfusion.scheduler;

import java.util.ArrayList;
import java.util.List;

/// Looks for the GPUs that a request waits for: those that are short of the least, the first of
/// equals. What it gives depends on nothing else, so that a request goes on waiting for the same
/// GPUs until others are short of less.
///
/// Used by one thread, for one search.
final class Shortage {
    private static final int PLACE_BITS = 6;
    private static final int POSITION_BITS = 24;
    private static final int ORDINAL_BITS = PLACE_BITS + POSITION_BITS;

    private final Need need;
    private final Need.Smallest least;

    Shortage(Need need, int count) {
        this.need = need;
        least = new Need.Smallest(count);
    }

    /// In the order of what they are short of; fewer than asked for if fewer may be used.
    Target find(RoomTree tree) {
        visit(tree.root(), 0, tree.height() - 1);
        List<Target.Part> parts = new ArrayList<>(least.count());
        for (int i = 0; i < least.count(); i++) {
            long value = least.at(i);
            int place = (int) (value & ((1 << PLACE_BITS) - 1));
            Room room = tree.room((int) (value >>> PLACE_BITS) & ((1 << POSITION_BITS) - 1));
            int missing = (int) (value >>> ORDINAL_BITS);
            parts.add(new Target.Part(room, place, need.of(room.memory(place)), missing));
        }
        return new Target(parts);
    }

    /// What of the subtree is short of the least is visited first.
    ///
    /// @param first position in the subtree
    private void visit(RoomTree.Node node, int first, int level) {
        if (node.isLeaf()) {
            examine(node.rooms()[0]);
            return;
        }
        RoomTree.Node[] children = node.children();
        Need.Smallest order = new Need.Smallest(children.length);
        for (int i = 0; i < children.length; i++) {
            if (children[i].free().length > 0) {
                order.offer(atLeastMissing(children[i]) * children.length + i);
            }
        }
        for (int i = 0; i < order.count(); i++) {
            int child = (int) (order.at(i) % children.length);
            int position = first + RoomTree.firstPosition(child, level);
            if (!least.isFull()
                    || value(order.at(i) / children.length, position, 0) < least.last()) {
                visit(children[child], position, level - 1);
            }
        }
    }

    private long atLeastMissing(RoomTree.Node node) {
        return Math.max(0, need.atLeast(node) - (long) node.free()[0]);
    }

    private static long value(long missing, int position, int place) {
        return Math.min(missing, Integer.MAX_VALUE) << ORDINAL_BITS
                | (long) position << PLACE_BITS
                | place;
    }

    private void examine(Room room) {
        if (!room.isAvailable() || !need.mayUseAny(room)) {
            return;
        }
        for (int place = 0; place < room.free().length; place++) {
            if (need.mayUse(room, place)) {
                least.offer(value(missing(room, place), room.position(), place));
            }
        }
    }

    private long missing(Room room, int place) {
        return Math.max(0, (long) need.of(room.memory(place)) - need.available(room, place));
    }
}
