package org.bitfusion.gpu.soft.memory;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.bitfusion.gpu.soft.execution.BlockMemory;
import org.bitfusion.gpu.soft.nativeaccess.AddressSpace;

/// Memory behind the window for what kernels have of their own: parameters, and shared and local
/// memory of resident blocks. Given back areas are kept for the next launch. Thread-safe.
public final class PrivateMemory {
    /// The largest shared memory of a block, rounded up; what lies behind it is dead.
    private static final long SHARED_LIVE_BYTES = 256L << 10;

    /// The largest packed parameters (32,764 bytes since compute capability 7.0), rounded up.
    public static final long PARAMETER_BYTES = 32L << 10;

    private final AddressSpace space;
    private final RangeAllocator free = new RangeAllocator();
    private final Map<Long, ArrayDeque<Slot>> idleSlots = new HashMap<>();
    private final ArrayDeque<Long> idleParameters = new ArrayDeque<>();

    PrivateMemory(AddressSpace space, long offset, long bytes) {
        this.space = space;
        free.give(offset, bytes);
    }

    /// Memory of one resident block.
    ///
    /// @param sharedOffset 2 MiB aligned
    /// @param localBytes a multiple of 2 MiB
    public record Slot(long sharedOffset, long localOffset, long localBytes) {
        /// This slot as one launch uses it.
        public BlockMemory forLaunch(long sharedBytes, long localBytesPerThread) {
            return new BlockMemory(sharedOffset, sharedBytes, localOffset, localBytesPerThread);
        }
    }

    /// A slot with at least `localBytes` of local memory.
    ///
    /// @throws OutOfMemoryError when the area is used up
    public synchronized Slot takeSlot(long localBytes) {
        long rounded =
                Math.max(
                        AddressSpace.PAGE,
                        (localBytes + AddressSpace.PAGE - 1) & -AddressSpace.PAGE);
        ArrayDeque<Slot> idle = idleSlots.get(rounded);
        if (idle != null && !idle.isEmpty()) {
            return idle.pop();
        }
        long shared = take(AddressSpace.PAGE + rounded);
        long local = shared + AddressSpace.PAGE;
        space.makeLive(shared, SHARED_LIVE_BYTES);
        space.makeLive(local, rounded);
        return new Slot(shared, local, rounded);
    }

    public synchronized void giveSlot(Slot slot) {
        idleSlots.computeIfAbsent(slot.localBytes(), _ -> new ArrayDeque<>()).push(slot);
    }

    /// Room for the packed parameters of one launch.
    public synchronized long takeParameters() {
        Long idle = idleParameters.poll();
        if (idle != null) {
            return idle;
        }
        long page = take(AddressSpace.PAGE);
        space.makeLive(page, AddressSpace.PAGE);
        for (long at = PARAMETER_BYTES; at < AddressSpace.PAGE; at += PARAMETER_BYTES) {
            idleParameters.push(page + at);
        }
        return page;
    }

    public synchronized void giveParameters(long offset) {
        idleParameters.push(offset);
    }

    private long take(long bytes) {
        long offset = free.take(bytes, AddressSpace.PAGE);
        if (offset < 0) {
            throw new OutOfMemoryError("private memory of running kernels is used up");
        }
        return offset;
    }
}
