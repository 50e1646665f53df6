package org.bitfusion.scheduler;

import org.bitfusion.scheduler.request.Share;

/// A share of GPUs, and which GPUs may give it while others come before. Used by one thread.
final class Need {
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

    /// What is needed at least of a GPU of the node.
    int atLeast(RoomNode node) {
        return Math.max(of(node.smallestMemory()), Share.SMALLEST_MIB);
    }

    /// Whether only GPUs that nobody uses will do.
    boolean isWhole() {
        return share instanceof Share.Whole;
    }

    Claims claims() {
        return claims;
    }

    boolean mayUse(Room room, int place) {
        if ((eligible.gpus(room.position()) & (1L << place)) == 0) {
            return false;
        }
        int memory = room.memory(place);
        int needed = of(memory);
        return needed >= Share.SMALLEST_MIB && needed <= memory;
    }

    boolean mayUseAny(Room room) {
        return eligible.gpus(room.position()) != 0;
    }

    /// Whether any of these appliances has a GPU that may be used, free or not.
    boolean mayUseAny(int firstPosition, int positions) {
        return eligible.isAnyIn(firstPosition, positions);
    }

    /// Free MiB that are not set aside; below 0 where more is set aside than is free.
    int available(Room room, int place) {
        int[] claimed = claims.of(room.position());
        return claimed.length == 0 ? room.free()[place] : room.free()[place] - claimed[place];
    }
}
