package org.bitfusion.gpu.cuda;

import java.util.TreeMap;
import org.bitfusion.gpu.AllocationBudget;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuMemory;
import org.bitfusion.gpu.GpuPool;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.Outcome;

/// Device memory of a context: the budget first, then the window. Stream-ordered memory comes from
/// the window too, because the driver's own pools give addresses of their choice. Thread-safe.
final class CudaGpuMemory implements GpuMemory {
    private record Allocation(long bytes, CudaGpuPool pool) {}

    private final CudaGpuContext context;
    private final CudaWindow window;
    private final AllocationBudget budget;
    private final CudaGpuPool plain = new CudaGpuPool();
    private final CudaGpuPool defaultPool = new CudaGpuPool();
    private final TreeMap<Long, Allocation> allocations = new TreeMap<>();

    CudaGpuMemory(CudaGpuContext context, CudaWindow window, AllocationBudget budget) {
        this.context = context;
        this.window = window;
        this.budget = budget;
    }

    @Override
    public Outcome<Long> allocate(long bytes, long alignment) {
        return allocate(bytes, plain);
    }

    private synchronized Outcome<Long> allocate(long bytes, CudaGpuPool pool) {
        if (bytes <= 0) {
            return Outcome.failed(CudaStatus.INVALID_VALUE);
        }
        int device = context.device().index();
        long footprint = window.footprint(bytes);
        if (footprint < bytes || !budget.reserve(device, footprint)) {
            return Outcome.failed(CudaStatus.OUT_OF_MEMORY);
        }
        context.makeCurrent();
        Outcome<Long> address = window.allocate(bytes);
        if (address instanceof Outcome.Success<Long> success) {
            allocations.put(success.value(), new Allocation(bytes, pool));
            pool.taken(footprint);
        } else {
            budget.release(device, footprint);
        }
        return address;
    }

    @Override
    public CudaStatus free(long address) {
        if (address == 0) {
            return CudaStatus.SUCCESS;
        }
        if (!forget(address)) {
            return CudaStatus.INVALID_VALUE;
        }
        if (context.isIdle()) {
            unmap(address);
        } else {
            context.whenIdle(ignored -> unmap(address));
        }
        return CudaStatus.SUCCESS;
    }

    @Override
    public boolean whenFreed(Completion completion) {
        synchronized (this) {
            if (leaving.isEmpty()) {
                return false;
            }
        }
        // Behind every free so far: their unmapping waits for the same streams, and is queued
        // before this.
        context.whenIdle(completion);
        return true;
    }

    @Override
    public CudaStatus freeAsync(GpuStream stream, long address) {
        if (!forget(address)) {
            return CudaStatus.INVALID_VALUE;
        }
        stream.whenReached(ignored -> unmap(address));
        return CudaStatus.SUCCESS;
    }

    /// From now on nobody may name the allocation; its memory goes later.
    private synchronized boolean forget(long address) {
        Allocation allocation = allocations.remove(address);
        if (allocation == null) {
            return false;
        }
        leaving.put(address, allocation);
        return true;
    }

    private final TreeMap<Long, Allocation> leaving = new TreeMap<>();

    private synchronized void unmap(long address) {
        Allocation allocation = leaving.remove(address);
        if (allocation != null) {
            release(address, allocation);
        }
    }

    private void release(long address, Allocation allocation) {
        context.makeCurrent();
        window.free(address);
        long footprint = window.footprint(allocation.bytes());
        allocation.pool().gaveBack(footprint);
        budget.release(context.device().index(), footprint);
    }

    @Override
    public Information information() {
        int device = context.device().index();
        context.makeCurrent();
        long total = Math.min(context.device().snapshot().totalMemory(), budget.limit(device));
        return new Information(
                Math.min(Math.min(context.device().freeMemory(), budget.available(device)), total),
                total);
    }

    @Override
    public synchronized Outcome<Range> range(long address) {
        var entry = allocations.floorEntry(address);
        return entry == null || address - entry.getKey() >= entry.getValue().bytes()
                ? Outcome.failed(CudaStatus.INVALID_VALUE)
                : Outcome.of(new Range(entry.getKey(), entry.getValue().bytes()));
    }

    @Override
    public GpuPool defaultPool() {
        return defaultPool;
    }

    @Override
    public Outcome<GpuPool> createPool() {
        return Outcome.of(new CudaGpuPool());
    }

    @Override
    public Outcome<Long> allocateAsync(GpuStream stream, GpuPool pool, long bytes) {
        return pool instanceof CudaGpuPool own
                ? allocate(bytes, own)
                : Outcome.failed(CudaStatus.INVALID_VALUE);
    }

    /// Everything back at once: the context ends.
    synchronized void releaseAll() {
        allocations.forEach(this::release);
        leaving.forEach(this::release);
        allocations.clear();
        leaving.clear();
    }
}
