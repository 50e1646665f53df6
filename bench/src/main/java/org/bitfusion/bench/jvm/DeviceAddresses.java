package org.bitfusion.bench.jvm;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.bitfusion.gpu.AllocationBudget;
import org.bitfusion.gpu.soft.memory.DeviceMemory;
import org.bitfusion.gpu.soft.memory.WindowMemory;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/// The software GPU's window with 1,000 live allocations of 4 KiB: from an address that a program
/// passes to the place in the segment, and small allocations.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DeviceAddresses {
    private static final long WINDOW_BASE = 0x7F00_0000_0000L;
    private static final int ALLOCATIONS = 1000;
    private static final int BYTES = 4096;

    private final WindowMemory window = new WindowMemory(WINDOW_BASE, 1L << 30);
    private final DeviceMemory memory =
            new DeviceMemory(window, 0, 1, 1L << 30, AllocationBudget.UNLIMITED, false);
    private final long[] offsets = new long[ALLOCATIONS];
    private int next;

    public DeviceAddresses() {
        Arrays.setAll(offsets, _ -> allocate(BYTES).offset());
        Arrays.sort(offsets);
    }

    private DeviceMemory.Allocation allocate(long bytes) {
        DeviceMemory.@Nullable Allocation allocation = memory.allocate(bytes, 1);
        if (allocation == null) {
            throw new IllegalStateException("no memory");
        }
        return allocation;
    }

    @TearDown
    public void close() {
        window.close();
    }

    /// Another allocation each time, in no order that a branch predictor knows.
    private long address() {
        next = (next + 617) % ALLOCATIONS;
        return window.addressAt(offsets[next] + 128);
    }

    @Benchmark
    @HeldAgainst(
            row = "jvm.translate",
            reference = "search",
            words = "binary search in an array of the same addresses")
    public long translate() {
        long offset = window.offsetOf(address());
        if (!memory.isInside(offset, 16)) {
            throw new IllegalStateException("offset: " + offset);
        }
        return offset;
    }

    @Benchmark
    public long search() {
        long offset = address() - WINDOW_BASE;
        int index = -2 - Arrays.binarySearch(offsets, offset);
        if (offset + 16 > offsets[index] + BYTES) {
            throw new IllegalStateException("offset: " + offset);
        }
        return offset;
    }

    @Benchmark
    @HeldAgainst(
            row = "jvm.allocate",
            reference = "search",
            words = "binary search in an array of the same addresses")
    public long allocateAndRelease() {
        DeviceMemory.Allocation allocation = allocate(512);
        memory.withdraw(allocation.offset());
        memory.release(allocation);
        return allocation.offset();
    }
}
