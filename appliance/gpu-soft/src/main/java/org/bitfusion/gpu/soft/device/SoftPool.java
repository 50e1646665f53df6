package org.bitfusion.gpu.soft.device;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuPool;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.soft.memory.DeviceMemory;
import org.bitfusion.gpu.soft.memory.DeviceMemory.Allocation;
import org.jspecify.annotations.Nullable;

/// Stream-ordered memory. What is freed in a stream can be allocated again in that stream at once,
/// elsewhere when the stream has got there; what is above the release threshold goes back to the
/// device when the program synchronises.
final class SoftPool implements GpuPool {
    private static final int RELEASE_THRESHOLD = 4;
    private static final int RESERVED = 5;
    private static final int RESERVED_HIGH = 6;
    private static final int USED = 7;
    private static final int USED_HIGH = 8;

    private final DeviceMemory memory;
    private final List<Freed> freed = new ArrayList<>();
    private final long[] policies = {0, 1, 1, 1};
    private long releaseThreshold;
    private long reserved;
    private long reservedHigh;
    private long used;
    private long usedHigh;
    private boolean closed;
    private volatile boolean excess;

    SoftPool(DeviceMemory memory) {
        this.memory = memory;
    }

    /// Memory that its user has given back.
    private static final class Freed {
        private final Allocation allocation;

        /// The stream that has not yet got to the free; null when it has.
        private @Nullable StreamQueue stream;

        Freed(Allocation allocation, StreamQueue stream) {
            this.allocation = allocation;
            this.stream = stream;
        }
    }

    /// Takes memory for work in a stream; null when there is not enough.
    synchronized @Nullable Allocation allocate(StreamQueue stream, long bytes) {
        Freed best = null;
        for (Freed candidate : freed) {
            boolean usable = candidate.stream == null || candidate.stream == stream;
            long size = candidate.allocation.reserved();
            if (usable
                    && size >= bytes
                    && size / 2 <= Math.max(bytes, 1 << 20)
                    && (best == null || size < best.allocation.reserved())) {
                best = candidate;
            }
        }
        Allocation allocation;
        if (best != null) {
            freed.remove(best);
            allocation = memory.revive(best.allocation, bytes);
        } else {
            allocation = memory.allocate(bytes, 1);
            if (allocation == null && trimTo(0) > 0) {
                allocation = memory.allocate(bytes, 1);
            }
            if (allocation == null) {
                return null;
            }
            reserved += allocation.reserved();
            reservedHigh = Math.max(reservedHigh, reserved);
        }
        used += allocation.reserved();
        usedHigh = Math.max(usedHigh, used);
        return allocation;
    }

    /// The free was enqueued in a stream; answers what to do when the stream gets there.
    synchronized Runnable free(StreamQueue stream, Allocation allocation) {
        Freed entry = new Freed(allocation, stream);
        freed.add(entry);
        used -= allocation.reserved();
        return () -> reached(entry);
    }

    private synchronized void reached(Freed entry) {
        entry.stream = null;
        if (closed) {
            trimTo(0);
        } else {
            excess = reserved > releaseThreshold;
        }
    }

    /// Somebody has waited for the device: the time to give back what is above the threshold.
    void synchronised() {
        if (excess) {
            synchronized (this) {
                excess = false;
                trimTo(releaseThreshold);
            }
        }
    }

    /// Gives unused memory back until at most `keep` bytes are reserved; answers how much.
    private long trimTo(long keep) {
        long given = 0;
        for (Iterator<Freed> entries = freed.iterator(); entries.hasNext() && reserved > keep; ) {
            Freed entry = entries.next();
            if (entry.stream == null) {
                entries.remove();
                memory.withdraw(entry.allocation.offset());
                memory.release(entry.allocation);
                reserved -= entry.allocation.reserved();
                given += entry.allocation.reserved();
            }
        }
        return given;
    }

    /// The memory of an allocation goes back to the device without a stream.
    synchronized void release(Allocation allocation) {
        used -= allocation.reserved();
        reserved -= allocation.reserved();
        memory.withdraw(allocation.offset());
        memory.release(allocation);
    }

    @Override
    public synchronized Outcome<Long> attribute(int attribute) {
        return switch (attribute) {
            case 1, 2, 3 -> Outcome.of(policies[attribute]);
            case RELEASE_THRESHOLD -> Outcome.of(releaseThreshold);
            case RESERVED -> Outcome.of(reserved);
            case RESERVED_HIGH -> Outcome.of(reservedHigh);
            case USED -> Outcome.of(used);
            case USED_HIGH -> Outcome.of(usedHigh);
            default -> Outcome.failed(CudaStatus.INVALID_VALUE);
        };
    }

    @Override
    public synchronized CudaStatus setAttribute(int attribute, long value) {
        switch (attribute) {
            case 1, 2, 3 -> policies[attribute] = value == 0 ? 0 : 1;
            case RELEASE_THRESHOLD -> releaseThreshold = value < 0 ? Long.MAX_VALUE : value;
            case RESERVED_HIGH, USED_HIGH -> {
                if (value != 0) {
                    return CudaStatus.INVALID_VALUE;
                }
                if (attribute == USED_HIGH) {
                    usedHigh = used;
                } else {
                    reservedHigh = reserved;
                }
            }
            default -> {
                return CudaStatus.INVALID_VALUE;
            }
        }
        return CudaStatus.SUCCESS;
    }

    @Override
    public synchronized CudaStatus trim(long bytesToKeep) {
        trimTo(bytesToKeep < 0 ? Long.MAX_VALUE : bytesToKeep); // unsigned
        return CudaStatus.SUCCESS;
    }

    @Override
    public synchronized void close() {
        closed = true;
        trimTo(0);
    }
}
