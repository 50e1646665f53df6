package org.bitfusion.gpu.soft.memory;

import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.bitfusion.gpu.AllocationBudget;
import org.jspecify.annotations.Nullable;

/// The memory of one device: pages of 2 MiB, of which small allocations share some. A page takes
/// its part of the client's share while it is live. Thread-safe.
public final class DeviceMemory {
    private static final long PAGE = WindowMemory.PAGE;

    /// Allocations from this size on get pages of their own.
    private static final long LARGE = 1L << 20;

    /// Small allocations start at multiples of this.
    private static final long GRANULE = 512;

    private final WindowMemory window;
    private final int device;
    private final long capacity;
    private final AllocationBudget budget;
    private final boolean exactBounds;
    private final long windowOffset;
    private final long windowBytes;
    private final RangeAllocator pages = new RangeAllocator();
    private final RangeAllocator granules = new RangeAllocator();
    private final ConcurrentSkipListMap<Long, Allocation> live = new ConcurrentSkipListMap<>();
    private long liveBytes;

    /// A live allocation.
    ///
    /// @param bytes as asked for
    /// @param reserved bytes that it takes, from `offset` on
    public record Allocation(long offset, long bytes, long reserved, boolean large) {}

    /// @param capacity bytes of memory that the device has
    /// @param exactBounds leave gaps between allocations so that an overrun does not hit another
    public DeviceMemory(
            WindowMemory window,
            int device,
            int devices,
            long capacity,
            AllocationBudget budget,
            boolean exactBounds) {
        this.window = window;
        this.device = device;
        this.capacity = capacity;
        this.budget = budget;
        this.exactBounds = exactBounds;
        long part = (window.windowSize() / devices) & -PAGE;
        long start = device * part;
        this.windowOffset = start;
        this.windowBytes = part;
        long first = Math.max(start, PAGE);
        pages.give(first, start + part - first);
    }

    /// Where its addresses begin.
    public long windowBase() {
        return window.addressAt(windowOffset);
    }

    public long windowBytes() {
        return windowBytes;
    }

    /// Bytes that a program could use if it were alone.
    public long total() {
        return Math.min(capacity, budget.limit(device));
    }

    /// Whole pages: no allocation gets less of it.
    public synchronized long free() {
        return Math.max(0, Math.min(capacity - liveBytes, budget.available(device))) & -PAGE;
    }

    /// Takes memory; null when there is not enough.
    ///
    /// @param alignment a power of two
    public synchronized @Nullable Allocation allocate(long bytes, long alignment) {
        if (bytes <= 0 || bytes > capacity) {
            return null;
        }
        boolean large = bytes >= LARGE || alignment > LARGE;
        Allocation allocation =
                large ? allocateLarge(bytes, alignment) : allocateSmall(bytes, alignment);
        if (allocation != null) {
            live.put(allocation.offset(), allocation);
        }
        return allocation;
    }

    private @Nullable Allocation allocateLarge(long bytes, long alignment) {
        long rounded = (bytes + PAGE - 1) & -PAGE;
        long gap = exactBounds ? PAGE : 0;
        long offset = takePages(rounded, gap, Math.max(alignment, PAGE));
        return offset < 0 ? null : new Allocation(offset, bytes, rounded, true);
    }

    private @Nullable Allocation allocateSmall(long bytes, long alignment) {
        long gap = exactBounds ? GRANULE : 0;
        long rounded = ((bytes + GRANULE - 1) & -GRANULE) + gap;
        long aligned = Math.max(alignment, GRANULE);
        long offset = granules.take(rounded, aligned);
        if (offset < 0) {
            long page = takePages(PAGE, 0, PAGE);
            if (page < 0) {
                return null;
            }
            granules.give(page, PAGE);
            offset = granules.take(rounded, aligned);
        }
        return new Allocation(offset, bytes, rounded, false);
    }

    private long takePages(long bytes, long gap, long alignment) {
        if (bytes > capacity - liveBytes || !budget.reserve(device, bytes)) {
            return -1;
        }
        long offset = pages.take(bytes + gap, alignment);
        if (offset < 0) {
            budget.release(device, bytes);
            return -1;
        }
        liveBytes += bytes;
        window.makeLive(offset, bytes);
        return offset;
    }

    private void givePages(long offset, long bytes, long gap) {
        window.makeDead(offset, bytes);
        pages.give(offset, bytes + gap);
        liveBytes -= bytes;
        budget.release(device, bytes);
    }

    /// Takes an allocation off the table: from now on its address is unknown, though the memory
    /// stays until [#release]. Null when nothing starts there.
    public @Nullable Allocation withdraw(long offset) {
        return live.remove(offset);
    }

    /// Gives the memory of a withdrawn allocation back.
    public synchronized void release(Allocation allocation) {
        if (allocation.large()) {
            givePages(allocation.offset(), allocation.reserved(), exactBounds ? PAGE : 0);
            return;
        }
        RangeAllocator.Range free = granules.give(allocation.offset(), allocation.reserved());
        long first = (free.offset() + PAGE - 1) & -PAGE;
        long end = (free.offset() + free.bytes()) & -PAGE;
        if (end > first) {
            granules.withdraw(free, first, end - first);
            givePages(first, end - first, 0);
        }
    }

    /// Puts a withdrawn allocation back on the table, for memory that a pool uses again.
    ///
    /// @param bytes what the new owner asked for; not more than is reserved
    public Allocation revive(Allocation withdrawn, long bytes) {
        Allocation allocation =
                new Allocation(withdrawn.offset(), bytes, withdrawn.reserved(), withdrawn.large());
        live.put(allocation.offset(), allocation);
        return allocation;
    }

    /// The live allocation that contains an offset, or null.
    public @Nullable Allocation containing(long offset) {
        Map.Entry<Long, Allocation> entry = live.floorEntry(offset);
        if (entry == null || offset >= entry.getKey() + entry.getValue().bytes()) {
            return null;
        }
        return entry.getValue();
    }

    /// True when a range lies inside one live allocation.
    public boolean isInside(long offset, long bytes) {
        Allocation allocation = containing(offset);
        return allocation != null && offset + bytes <= allocation.offset() + allocation.bytes();
    }
}
