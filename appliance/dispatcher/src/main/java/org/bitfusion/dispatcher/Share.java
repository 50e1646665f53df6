package org.bitfusion.dispatcher;

import java.util.HashMap;
import java.util.Map;

/// The part of one GPU's memory that belongs to a lease, and what the lease's workers have reserved
/// of it. The share of those without a lease is what is free in the ledger.
///
/// Used by one thread only.
final class Share {
    private final Ledger ledger;
    private final int device;
    private final boolean leased;
    private final long limit;
    private final Map<Long, Long> reservedByWorker = new HashMap<>();
    private long reserved;

    private Share(Ledger ledger, int device, boolean leased, long limit) {
        this.ledger = ledger;
        this.device = device;
        this.leased = leased;
        this.limit = limit;
    }

    /// A lease's share, whose bytes were taken from the ledger.
    static Share leased(Ledger ledger, int device, long bytes) {
        return new Share(ledger, device, true, bytes);
    }

    /// All that leases have left.
    static Share open(Ledger ledger, int device) {
        return new Share(ledger, device, false, ledger.capacity(device));
    }

    /// Position of the GPU among the served ones.
    int device() {
        return device;
    }

    long limit() {
        return limit;
    }

    /// By all workers together.
    long reserved() {
        return reserved;
    }

    long available() {
        return leased ? limit - reserved : ledger.free(device);
    }

    /// @return false if so much is not left
    boolean reserve(long worker, long bytes) {
        if (bytes < 0 || bytes > available() || (!leased && !ledger.take(device, bytes))) {
            return false;
        }
        reserved += bytes;
        reservedByWorker.merge(worker, bytes, Long::sum);
        return true;
    }

    /// Takes back at most what the worker has.
    void release(long worker, long bytes) {
        long back = Math.clamp(bytes, 0, reservedByWorker.getOrDefault(worker, 0L));
        reservedByWorker.merge(worker, -back, Long::sum);
        reserved -= back;
        if (!leased) {
            ledger.giveBack(device, back);
        }
    }

    /// The worker is gone.
    void releaseAll(long worker) {
        release(worker, Long.MAX_VALUE);
        reservedByWorker.remove(worker);
    }
}
