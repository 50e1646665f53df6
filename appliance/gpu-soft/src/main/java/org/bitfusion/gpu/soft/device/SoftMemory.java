package org.bitfusion.gpu.soft.device;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuMemory;
import org.bitfusion.gpu.GpuPool;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.soft.device.AllocationTable.Owned;
import org.bitfusion.gpu.soft.memory.DeviceMemory;
import org.bitfusion.gpu.soft.memory.DeviceMemory.Allocation;

/// Memory of one context.
final class SoftMemory implements GpuMemory {
    private final SoftContext context;
    private final DeviceMemory memory;
    private final AllocationTable table;
    private final SoftPool defaultPool;
    private final List<SoftPool> pools = new CopyOnWriteArrayList<>();
    private final List<SoftPool> poolsOfDevice;

    SoftMemory(SoftContext context, SoftDevice device, AllocationTable table) {
        this.context = context;
        this.memory = device.memory();
        this.table = table;
        this.poolsOfDevice = device.pools();
        this.defaultPool = add(new SoftPool(memory));
    }

    private SoftPool add(SoftPool pool) {
        pools.add(pool);
        poolsOfDevice.add(pool);
        return pool;
    }

    @Override
    public Outcome<Long> allocate(long bytes, long alignment) {
        if (bytes <= 0 || alignment < 0 || (alignment & (alignment - 1)) != 0) {
            return Outcome.failed(CudaStatus.INVALID_VALUE);
        }
        Allocation allocation = memory.allocate(bytes, Math.max(1, alignment));
        if (allocation == null) {
            poolsOfDevice.forEach(pool -> pool.trim(0));
            allocation = memory.allocate(bytes, Math.max(1, alignment));
        }
        return allocation == null
                ? Outcome.failed(CudaStatus.OUT_OF_MEMORY)
                : Outcome.of(table.put(new Owned(context, memory, allocation, null)));
    }

    @Override
    public CudaStatus free(long address) {
        if (address == 0) {
            return CudaStatus.SUCCESS;
        }
        Owned entry = table.take(address);
        if (entry == null) {
            return CudaStatus.INVALID_VALUE;
        }
        table.afterWork(() -> release(entry));
        return CudaStatus.SUCCESS;
    }

    /// Gives memory back now.
    static void release(Owned entry) {
        if (entry.pool() != null) {
            entry.pool().release(entry.allocation());
        } else {
            entry.memory().withdraw(entry.allocation().offset());
            entry.memory().release(entry.allocation());
        }
    }

    /// The program has waited for the device.
    void synchronised() {
        poolsOfDevice.forEach(SoftPool::synchronised);
    }

    /// The context is gone, and its allocations with it.
    void close() {
        poolsOfDevice.removeAll(pools);
        pools.forEach(SoftPool::close);
    }

    @Override
    public boolean whenFreed(Completion completion) {
        return table.whenFreed(completion);
    }

    @Override
    public Information information() {
        return new Information(memory.free(), memory.total());
    }

    @Override
    public Outcome<Range> range(long address) {
        Allocation allocation = table.containing(address);
        return allocation == null
                ? Outcome.failed(CudaStatus.INVALID_VALUE)
                : Outcome.of(
                        new Range(
                                context.window().addressAt(allocation.offset()),
                                allocation.bytes()));
    }

    @Override
    public GpuPool defaultPool() {
        return defaultPool;
    }

    @Override
    public Outcome<GpuPool> createPool() {
        return Outcome.of(add(new SoftPool(memory)));
    }

    @Override
    public Outcome<Long> allocateAsync(GpuStream stream, GpuPool pool, long bytes) {
        if (!(stream instanceof SoftStream own)
                || !(pool instanceof SoftPool ownPool)
                || bytes <= 0) {
            return Outcome.failed(CudaStatus.INVALID_VALUE);
        }
        Allocation allocation = ownPool.allocate(own.queue(), bytes);
        if (allocation == null) {
            poolsOfDevice.forEach(other -> other.trim(0));
            allocation = ownPool.allocate(own.queue(), bytes);
        }
        return allocation == null
                ? Outcome.failed(CudaStatus.OUT_OF_MEMORY)
                : Outcome.of(table.put(new Owned(context, memory, allocation, ownPool)));
    }

    @Override
    public CudaStatus freeAsync(GpuStream stream, long address) {
        if (!(stream instanceof SoftStream own)) {
            return CudaStatus.INVALID_HANDLE;
        }
        Owned entry = table.take(address);
        if (entry == null) {
            return CudaStatus.INVALID_VALUE;
        }
        Runnable giveBack =
                entry.pool() == null
                        ? () -> release(entry)
                        : entry.pool().free(own.queue(), entry.allocation());
        own.submit(ContextOperation.always(context, giveBack), true);
        return CudaStatus.SUCCESS;
    }
}
