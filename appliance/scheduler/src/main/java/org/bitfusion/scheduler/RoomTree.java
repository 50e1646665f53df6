package org.bitfusion.scheduler;

import java.util.Arrays;
import java.util.List;

/// The rooms of all appliances, in the order of their positions, under nodes that tell the most
/// that any appliance below them has free: a search skips whole subtrees. A tree never changes; a
/// new one shares all but one path with the old.
///
/// Where appliances of one kind lie side by side, what a node tells is exact; where they are mixed
/// it promises too much, never too little.
final class RoomTree {
    private static final int LEVEL_BITS = 3;
    private static final int WAYS = 1 << LEVEL_BITS;
    private static final int[] NOTHING = {};

    /// @param smallestMemory of the GPUs that give leases now, in MiB; [Integer#MAX_VALUE] without
    ///   any
    /// @param free at n: so many MiB or more are free on n + 1 GPUs of one appliance, and nowhere
    ///   more
    /// @param started as `free`, counting only GPUs that are in use, but not wholly
    /// @param children none in a leaf
    /// @param rooms one in a leaf, else none
    @SuppressWarnings(
            "ArrayRecordComponent") // on the hot path: never changed once made, never compared
    record Node(int smallestMemory, int[] free, int[] started, Node[] children, Room[] rooms) {
        private static final Node[] LEAF = {};
        private static final Room[] INNER = {};

        boolean isLeaf() {
            return rooms.length > 0;
        }

        static Node leaf(Room room) {
            int count = room.isAvailable() ? room.free().length : 0;
            int[] free = new int[count];
            int[] started = new int[count];
            int startedCount = 0;
            int smallest = Integer.MAX_VALUE;
            for (int place = 0; place < count; place++) {
                int memory = room.memory(place);
                int here = room.free()[place];
                smallest = Math.min(smallest, memory);
                insert(free, place, here);
                if (here < memory) {
                    insert(started, startedCount, here);
                    startedCount++;
                }
            }
            if (startedCount < count) {
                started = startedCount == 0 ? NOTHING : Arrays.copyOf(started, startedCount);
            }
            return new Node(smallest, free, started, LEAF, new Room[] {room});
        }

        /// Into the first `length` of a descending array.
        private static void insert(int[] descending, int length, int value) {
            int at = length;
            while (at > 0 && descending[at - 1] < value) {
                descending[at] = descending[at - 1];
                at--;
            }
            descending[at] = value;
        }

        static Node over(Node[] children) {
            int smallest = Integer.MAX_VALUE;
            int freeLength = 0;
            int startedLength = 0;
            for (Node child : children) {
                smallest = Math.min(smallest, child.smallestMemory);
                freeLength = Math.max(freeLength, child.free.length);
                startedLength = Math.max(startedLength, child.started.length);
            }
            int[] free = most(freeLength);
            int[] started = most(startedLength);
            for (Node child : children) {
                raise(free, child.free);
                raise(started, child.started);
            }
            return new Node(smallest, free, started, children, INNER);
        }

        private static int[] most(int length) {
            if (length == 0) {
                return NOTHING;
            }
            int[] most = new int[length];
            Arrays.fill(most, Integer.MIN_VALUE);
            return most;
        }

        private static void raise(int[] most, int[] values) {
            for (int i = 0; i < values.length; i++) {
                most[i] = Math.max(most[i], values[i]);
            }
        }
    }

    private final Node root;
    private final int size;
    private final int height;

    private RoomTree(Node root, int size, int height) {
        this.root = root;
        this.size = size;
        this.height = height;
    }

    /// @param rooms by position
    static RoomTree of(List<Room> rooms) {
        Node[] level = rooms.stream().map(Node::leaf).toArray(Node[]::new);
        int height = 0;
        while (height == 0 || level.length > 1) {
            Node[] above = new Node[Math.ceilDiv(level.length, WAYS)];
            for (int i = 0; i < above.length; i++) {
                int end = Math.min(level.length, (i + 1) * WAYS);
                above[i] = Node.over(Arrays.copyOfRange(level, i * WAYS, end));
            }
            level = above.length == 0 ? new Node[] {Node.over(Node.LEAF)} : above;
            height++;
        }
        return new RoomTree(level[0], rooms.size(), height);
    }

    Node root() {
        return root;
    }

    int size() {
        return size;
    }

    int height() {
        return height;
    }

    /// Of what lies below a child, from the first position below its parent on.
    ///
    /// @param level of the parent, 0 for one of leaves
    static int firstPosition(int child, int level) {
        return child << (LEVEL_BITS * level);
    }

    Room room(int position) {
        Node node = root;
        for (int level = height - 1; level >= 0; level--) {
            node = node.children()[child(position, level)];
        }
        return node.rooms()[0];
    }

    private static int child(int position, int level) {
        return (position >>> (LEVEL_BITS * level)) & (WAYS - 1);
    }

    RoomTree with(Room room) {
        return new RoomTree(replaced(root, height - 1, room), size, height);
    }

    private static Node replaced(Node node, int level, Room room) {
        if (level < 0) {
            return Node.leaf(room);
        }
        Node[] children = node.children().clone();
        int at = child(room.position(), level);
        children[at] = replaced(children[at], level - 1, room);
        return Node.over(children);
    }
}
