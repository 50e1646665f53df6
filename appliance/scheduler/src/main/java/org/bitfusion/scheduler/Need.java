package org.bitfusion.scheduler;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.bitfusion.scheduler.request.Share;

/// A share of GPUs, and which GPUs may give it while others come before. Used by one thread.
final class Need {
    /// Much more than any GPU is short of.
    static final int NEVER = Integer.MAX_VALUE;

    private final Share share;
    private final Eligible eligible;
    private final Claims claims;
    private int lastMemory;
    private int lastNeed;

    Need(Share share, Eligible eligible, Claims claims) {
        this.share = share;
        this.eligible = eligible;
        this.claims = claims;
    }

    /// The share of a GPU in MiB; it may be more than the GPU has.
    int of(int memory) {
        if (memory != lastMemory) {
            lastMemory = memory;
            lastNeed = share.mebibytesOf(memory);
        }
        return lastNeed;
    }

    /// What each GPU of the subtree needs at least.
    int atLeast(RoomTree.Node node) {
        return Math.max(of(node.smallestMemory()), Share.SMALLEST_MIB);
    }

    boolean mayUse(Room room, int place) {
        return (eligible.gpus(room.position()) & (1L << place)) != 0
                && share.fits(room.memory(place));
    }

    boolean mayUseAny(Room room) {
        return eligible.gpus(room.position()) != 0;
    }

    /// Free MiB that are not set aside; below 0 where more is set aside than is free.
    int available(Room room, int place) {
        int[] claimed = claims.of(room.position());
        return claimed.length == 0 ? room.free()[place] : room.free()[place] - claimed[place];
    }

    /// The GPUs of one request or the places of one appliance, smallest first; a few of them.
    static final class Smallest {
        private final long[] values;
        private int count;

        Smallest(int limit) {
            values = new long[limit];
        }

        void clear() {
            count = 0;
        }

        boolean isFull() {
            return count == values.length;
        }

        int count() {
            return count;
        }

        long at(int i) {
            return values[i];
        }

        /// The largest that was kept.
        long last() {
            return values[count - 1];
        }

        /// Kept if it is among the smallest.
        void offer(long value) {
            if (isFull() && value >= values[count - 1]) {
                return;
            }
            int at = isFull() ? count - 1 : count++;
            while (at > 0 && values[at - 1] > value) {
                values[at] = values[at - 1];
                at--;
            }
            values[at] = value;
        }

        LongStream stream() {
            return Arrays.stream(values, 0, count);
        }
    }
}
