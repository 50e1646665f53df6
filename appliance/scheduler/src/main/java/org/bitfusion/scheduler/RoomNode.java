package org.bitfusion.scheduler;

import java.util.Arrays;

/// Some appliances next to each other in the pool's order, and what they have free: bounds by which
/// a search skips them all. Where they are of one kind the bounds are close; where they are mixed
/// they promise too much, never too little. A node never changes.
///
/// GPUs of appliances that give no leases now do not count.
final class RoomNode {
    private static final RoomNode[] LEAF = {};
    private static final Room[] INNER = {};
    private static final int[] NOTHING = {};

    /// Sizes of what is free on a GPU in use are told apart as this many parts of its memory.
    private static final int SIZES = 256;

    private final RoomNode[] children;
    private final Room[] rooms;
    private final int smallestMemory;
    private final int largestMemory;

    /// At n: so many MiB or more are free on n + 1 GPUs of one appliance, and nowhere more.
    private final int[] free;

    /// As `free`, counting only GPUs that are in use.
    private final int[] started;

    /// Bit k: a GPU in use has k parts of [#SIZES] free, rounded down.
    private final long[] sizes;

    /// Bit k: an appliance has k GPUs that nobody uses; 63 for 63 or more.
    private final long unusedCounts;

    private RoomNode(RoomNode[] children, Room[] rooms, int[] free, int[] started, Sums sums) {
        this.children = children;
        this.rooms = rooms;
        this.free = free;
        this.started = started;
        smallestMemory = sums.smallestMemory;
        largestMemory = sums.largestMemory;
        sizes = sums.sizes;
        unusedCounts = sums.unusedCounts;
    }

    /// Of a node that is being made.
    private static final class Sums {
        private int smallestMemory = Integer.MAX_VALUE;
        private int largestMemory;
        private final long[] sizes = new long[SIZES / Long.SIZE];
        private long unusedCounts;

        void add(int memory) {
            smallestMemory = Math.min(smallestMemory, memory);
            largestMemory = Math.max(largestMemory, memory);
        }

        void add(RoomNode child) {
            smallestMemory = Math.min(smallestMemory, child.smallestMemory);
            largestMemory = Math.max(largestMemory, child.largestMemory);
            for (int i = 0; i < sizes.length; i++) {
                sizes[i] |= child.sizes[i];
            }
            unusedCounts |= child.unusedCounts;
        }

        void addStarted(int freeMiB, int memory) {
            if (freeMiB >= 0) {
                int size = (int) ((long) freeMiB * SIZES / memory);
                sizes[size / Long.SIZE] |= 1L << size;
            }
        }
    }

    static RoomNode leaf(Room room) {
        int count = room.isAvailable() ? room.free().length : 0;
        int[] free = new int[count];
        int[] started = new int[count];
        int startedCount = 0;
        Sums sums = new Sums();
        for (int place = 0; place < count; place++) {
            int memory = room.memory(place);
            int here = room.free()[place];
            sums.add(memory);
            insert(free, place, here);
            if (here < memory) {
                insert(started, startedCount, here);
                startedCount++;
                sums.addStarted(here, memory);
            }
        }
        sums.unusedCounts = 1L << Math.min(count - startedCount, Long.SIZE - 1);
        int[] kept = startedCount == count ? started : Arrays.copyOf(started, startedCount);
        return new RoomNode(LEAF, new Room[] {room}, free, kept, sums);
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

    static RoomNode over(RoomNode[] children) {
        int freeLength = 0;
        int startedLength = 0;
        Sums sums = new Sums();
        for (RoomNode child : children) {
            freeLength = Math.max(freeLength, child.free.length);
            startedLength = Math.max(startedLength, child.started.length);
            sums.add(child);
        }
        int[] free = least(freeLength);
        int[] started = least(startedLength);
        for (RoomNode child : children) {
            raise(free, child.free);
            raise(started, child.started);
        }
        return new RoomNode(children, INNER, free, started, sums);
    }

    private static int[] least(int length) {
        if (length == 0) {
            return NOTHING;
        }
        int[] least = new int[length];
        Arrays.fill(least, Integer.MIN_VALUE);
        return least;
    }

    private static void raise(int[] most, int[] values) {
        for (int i = 0; i < values.length; i++) {
            most[i] = Math.max(most[i], values[i]);
        }
    }

    boolean isLeaf() {
        return rooms.length > 0;
    }

    /// Of a leaf.
    Room room() {
        return rooms[0];
    }

    /// Of an inner node; not to be changed.
    RoomNode[] children() {
        return children;
    }

    /// In MiB; [Integer#MAX_VALUE] without any GPU.
    int smallestMemory() {
        return smallestMemory;
    }

    /// In MiB; 0 without any GPU.
    int largestMemory() {
        return largestMemory;
    }

    /// How many GPUs one appliance has at most.
    int gpuCount() {
        return free.length;
    }

    /// What is free on the GPU that has most of it.
    int mostFree() {
        return free[0];
    }

    /// Whether an appliance may have `count` GPUs with so much free.
    boolean mayHave(int count, int freeMiB) {
        return count <= free.length && free[count - 1] >= freeMiB;
    }

    /// The same, of GPUs in use.
    boolean mayHaveStarted(int count, int freeMiB) {
        return count <= started.length && started[count - 1] >= freeMiB;
    }

    /// The least that may be free on a GPU in use with `atLeastMiB` or more, [Integer#MAX_VALUE] if
    /// there is none.
    int leastStarted(int atLeastMiB) {
        int size = (int) Math.min(SIZES, (long) atLeastMiB * SIZES / largestMemory);
        for (int i = size / Long.SIZE; i < sizes.length; i++) {
            long here = i == size / Long.SIZE ? sizes[i] & (-1L << size) : sizes[i];
            if (here != 0) {
                int found = i * Long.SIZE + Long.numberOfTrailingZeros(here);
                return Math.max(atLeastMiB, (int) ((long) found * smallestMemory / SIZES));
            }
        }
        return Integer.MAX_VALUE;
    }

    /// How many unused GPUs an appliance that has `taken` of them or more may keep, if so many are
    /// taken of it; 64 or more if there is none.
    int leastUnusedBeside(int taken) {
        int counted = Math.min(taken, Long.SIZE - 1);
        return Long.numberOfTrailingZeros(unusedCounts >>> counted);
    }

    @Override
    public String toString() {
        return "(%d %d %s %s %s %d %s %s)"
                .formatted(
                        smallestMemory,
                        largestMemory,
                        Arrays.toString(free),
                        Arrays.toString(started),
                        Arrays.toString(sizes),
                        unusedCounts,
                        Arrays.toString(rooms),
                        Arrays.toString(children));
    }
}
