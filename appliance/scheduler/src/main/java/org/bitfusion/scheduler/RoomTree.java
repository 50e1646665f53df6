package org.bitfusion.scheduler;

import java.util.Arrays;
import java.util.List;

/// The rooms of all appliances in the order of their positions, under nodes that sum up what is
/// below them. A tree never changes; a new one shares all but one path with the old.
final class RoomTree {
    private static final int LEVEL_BITS = 3;
    private static final int WAYS = 1 << LEVEL_BITS;

    private final RoomNode root;
    private final int size;
    private final int height;

    private RoomTree(RoomNode root, int size, int height) {
        this.root = root;
        this.size = size;
        this.height = height;
    }

    /// @param rooms by position
    static RoomTree of(List<Room> rooms) {
        RoomNode[] level = rooms.stream().map(RoomNode::leaf).toArray(RoomNode[]::new);
        int height = 0;
        while (height == 0 || level.length > 1) {
            RoomNode[] above = new RoomNode[Math.max(1, Math.ceilDiv(level.length, WAYS))];
            for (int i = 0; i < above.length; i++) {
                int end = Math.min(level.length, (i + 1) * WAYS);
                above[i] = RoomNode.over(Arrays.copyOfRange(level, i * WAYS, end));
            }
            level = above;
            height++;
        }
        return new RoomTree(level[0], rooms.size(), height);
    }

    RoomNode root() {
        return root;
    }

    /// How many appliances there are.
    int size() {
        return size;
    }

    /// Of the root; its children are one level lower, and leaves are below level 0.
    int topLevel() {
        return height - 1;
    }

    /// How many positions lie below a child of a node.
    ///
    /// @param level of the node
    static int span(int level) {
        return 1 << (LEVEL_BITS * level);
    }

    Room room(int position) {
        RoomNode node = root;
        for (int level = topLevel(); level >= 0; level--) {
            node = node.children()[child(position, level)];
        }
        return node.room();
    }

    private static int child(int position, int level) {
        return (position >>> (LEVEL_BITS * level)) & (WAYS - 1);
    }

    RoomTree with(Room room) {
        return new RoomTree(replaced(root, topLevel(), room), size, height);
    }

    private static RoomNode replaced(RoomNode node, int level, Room room) {
        if (level < 0) {
            return RoomNode.leaf(room);
        }
        RoomNode[] children = node.children().clone();
        int at = child(room.position(), level);
        children[at] = replaced(children[at], level - 1, room);
        return RoomNode.over(children);
    }
}
