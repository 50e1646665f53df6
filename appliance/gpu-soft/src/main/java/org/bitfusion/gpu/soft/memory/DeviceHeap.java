package org.bitfusion.gpu.soft.memory;

import java.util.HashMap;
import java.util.Map;
import java.util.function.LongUnaryOperator;

/// Memory that kernels allocate themselves, cut from one area that is made at the first allocation.
/// Addresses are whatever the area's are. Thread-safe.
public final class DeviceHeap {
    private static final long GRANULE = 16;

    private final RangeAllocator free = new RangeAllocator();
    private final Map<Long, Long> bytesByAddress = new HashMap<>();
    private final LongUnaryOperator areaMaker;
    private boolean made;
    private long limit;

    /// @param areaMaker makes an area of so many bytes: its address, or 0
    public DeviceHeap(long limit, LongUnaryOperator areaMaker) {
        this.limit = limit;
        this.areaMaker = areaMaker;
    }

    public synchronized long limit() {
        return limit;
    }

    /// Changes the size; false once a kernel has allocated.
    public synchronized boolean setLimit(long bytes) {
        if (made) {
            return bytes == limit;
        }
        limit = bytes;
        return true;
    }

    /// An address, or 0 when the heap is used up.
    public synchronized long allocate(long byteCount) {
        if (!made) {
            made = true;
            long area = areaMaker.applyAsLong(limit);
            if (area != 0) {
                free.give(area, limit);
            }
        }
        if (byteCount < 0 || byteCount > limit) {
            return 0;
        }
        long rounded = Math.max(GRANULE, (byteCount + GRANULE - 1) & -GRANULE);
        long address = free.take(rounded, GRANULE);
        if (address < 0) {
            return 0;
        }
        bytesByAddress.put(address, rounded);
        return address;
    }

    /// False when the address was not given by [#allocate].
    public synchronized boolean free(long address) {
        Long bytes = bytesByAddress.remove(address);
        if (bytes == null) {
            return false;
        }
        free.give(address, bytes);
        return true;
    }
}
