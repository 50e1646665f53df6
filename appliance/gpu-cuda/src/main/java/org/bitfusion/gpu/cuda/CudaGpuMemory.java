package org.bitfusion.gpu.cuda;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.bitfusion.gpu.AllocationBudget;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuMemory;
import org.bitfusion.gpu.GpuPool;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.cuda.Allocations.Allocation;

/// Device memory of a context. Thread-safe.
final class CudaGpuMemory implements GpuMemory {
    private final CudaGpuContext context;
    private final CudaWindow window;
    private final AllocationBudget budget;
    private final Allocations allocations;
    private final CudaGpuPool defaultPool;
    private final List<CudaGpuPool> pools = new CopyOnWriteArrayList<>();
    private final Set<Leaving> leaving = new HashSet<>();

    CudaGpuMemory(
            CudaGpuContext context,
            CudaWindow window,
            AllocationBudget budget,
            Allocations allocations) {
        this.context = context;
        this.window = window;
        this.budget = budget;
        this.allocations = allocations;
        this.defaultPool = new CudaGpuPool(context, window);
        pools.add(defaultPool);
    }

    /// Memory that was freed while work was under way that may use it.
    private static final class Leaving {
        private final List<Runnable> told = new ArrayList<>();
    }

    @Override
    public Outcome<Long> allocate(long bytes, long alignment) {
        if (bytes <= 0 || alignment < 0 || (alignment & (alignment - 1)) != 0) {
            return Outcome.failed(CudaStatus.INVALID_VALUE);
        }
        return trying(() -> window.allocate(bytes, alignment))
                .map(block -> allocations.add(new Allocation(block, bytes, this, null)));
    }

    /// What the pools keep for later comes last.
    private Outcome<CudaWindow.Block> trying(Supplier<Outcome<CudaWindow.Block>> allocation) {
        if (context.isClosed()) {
            return Outcome.failed(CudaStatus.CONTEXT_IS_DESTROYED);
        }
        context.makeCurrent();
        Outcome<CudaWindow.Block> block = allocation.get();
        if (block.status() == CudaStatus.OUT_OF_MEMORY) {
            pools.forEach(pool -> pool.trim(0));
            block = allocation.get();
        }
        return block;
    }

    @Override
    public CudaStatus free(long address) {
        if (address == 0) {
            return CudaStatus.SUCCESS;
        }
        Allocation allocation = allocations.remove(address);
        if (allocation == null) {
            return CudaStatus.INVALID_VALUE;
        }
        CudaGpuDriver driver = context.driver();
        if (driver.isIdle()) {
            allocation.owner().release(allocation);
            return CudaStatus.SUCCESS;
        }
        Leaving entry = new Leaving();
        synchronized (this) {
            leaving.add(entry);
        }
        driver.whenIdle(_ -> driver.release(() -> left(entry, allocation)));
        return CudaStatus.SUCCESS;
    }

    private void left(Leaving entry, Allocation allocation) {
        allocation.owner().release(allocation);
        List<Runnable> told;
        synchronized (this) {
            leaving.remove(entry);
            told = List.copyOf(entry.told);
        }
        told.forEach(Runnable::run);
    }

    private void release(Allocation allocation) {
        CudaGpuPool pool = allocation.pool();
        if (pool != null) {
            pool.giveBack(allocation.block());
        } else {
            context.makeCurrent();
            window.free(allocation.block());
        }
    }

    @Override
    public boolean whenFreed(Completion completion) {
        synchronized (this) {
            AtomicInteger left = new AtomicInteger(leaving.size());
            leaving.forEach(entry ->
                    entry.told.add(() -> {
                        if (left.decrementAndGet() == 0) {
                            completion.completed(context.error());
                        }
                    }));
            return !leaving.isEmpty();
        }
    }

    @Override
    public CudaStatus freeAsync(GpuStream stream, long address) {
        Allocation allocation = allocations.remove(address);
        if (allocation == null) {
            return CudaStatus.INVALID_VALUE;
        }
        CudaGpuPool pool = allocation.pool();
        CudaGpuDriver driver = context.driver();
        Runnable reached =
                pool != null
                        ? pool.free((CudaGpuStream) stream, allocation.block())
                        : () -> driver.release(() -> allocation.owner().release(allocation));
        stream.whenReached(_ -> reached.run());
        return CudaStatus.SUCCESS;
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
    public Outcome<Range> range(long address) {
        Allocation allocation = allocations.containing(address);
        return allocation == null
                ? Outcome.failed(CudaStatus.INVALID_VALUE)
                : Outcome.of(new Range(allocation.block().address(), allocation.bytes()));
    }

    @Override
    public GpuPool defaultPool() {
        return defaultPool;
    }

    @Override
    public Outcome<GpuPool> createPool() {
        CudaGpuPool pool = new CudaGpuPool(context, window);
        pools.add(pool);
        return Outcome.of(pool);
    }

    @Override
    public Outcome<Long> allocateAsync(GpuStream stream, GpuPool pool, long bytes) {
        if (!(pool instanceof CudaGpuPool own)
                || !(stream instanceof CudaGpuStream ownStream)
                || bytes <= 0) {
            return Outcome.failed(CudaStatus.INVALID_VALUE);
        }
        return trying(() -> own.allocate(ownStream, bytes))
                .map(block -> allocations.add(new Allocation(block, bytes, this, own)));
    }

    /// Everything back: the context has ended, nothing of it runs any more.
    void releaseAll() {
        allocations.removeAllOf(this).forEach(this::release);
        pools.forEach(CudaGpuPool::releaseAll);
    }
}
