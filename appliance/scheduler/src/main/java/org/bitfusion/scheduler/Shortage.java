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
    private final Smallest least;

    Shortage(Need need, int count) {
        this.need = need;
        least = new Smallest(count);
    }

    /// In the order of what they are short of; fewer than asked for if fewer may be used.
    Target find(RoomTree tree) {
        visit(tree.root(), 0, tree.topLevel());
        List<Target.Part> parts = new ArrayList<>(least.count());
        for (int i = 0; i < least.count(); i++) {
            long value = least.at(i);
            int place = (int) (value & ((1 << PLACE_BITS) - 1));
            int position = (int) (value >>> PLACE_BITS) & ((1 << POSITION_BITS) - 1);
            int missing = (int) (value >>> ORDINAL_BITS);
            Room room = tree.room(position);
            int needed = need.of(room.memory(place));
            parts.add(new Target.Part(room.appliance(), position, place, needed, missing));
        }
        return new Target(parts, least.last());
    }

    /// What of the subtree is short of the least is visited first.
    ///
    /// @param first position in the subtree
    private void visit(RoomNode node, int first, int level) {
        if (node.isLeaf()) {
            examine(node.room());
            return;
        }
        RoomNode[] children = node.children();
        Smallest order = new Smallest(children.length);
        for (int i = 0; i < children.length; i++) {
            int position = first + i * RoomTree.span(level);
            if (children[i].gpuCount() > 0 && need.mayUseAny(position, RoomTree.span(level))) {
                order.offer(atLeastMissing(children[i]) * children.length + i);
            }
        }
        for (int i = 0; i < order.count(); i++) {
            int child = (int) (order.at(i) % children.length);
            int position = first + child * RoomTree.span(level);
            if (!least.isFull()
                    || distance(order.at(i) / children.length, position, 0) < least.last()) {
                visit(children[child], position, level - 1);
            }
        }
    }

    private long atLeastMissing(RoomNode node) {
        return Math.max(0, need.atLeast(node) - (long) node.mostFree());
    }

    /// Orders GPUs by what they are short of, then by their place in the pool.
    static long distance(long missing, int position, int place) {
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
                least.offer(distance(missing(room, place), room.position(), place));
            }
        }
    }

    private long missing(Room room, int place) {
        return Math.max(0, (long) need.of(room.memory(place)) - need.available(room, place));
    }
}
