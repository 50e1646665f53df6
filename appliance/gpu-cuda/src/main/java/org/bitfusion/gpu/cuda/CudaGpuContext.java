package org.bitfusion.gpu.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.bitfusion.gpu.AllocationBudget;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuContext;
import org.bitfusion.gpu.GpuEvent;
import org.bitfusion.gpu.GpuMemory;
import org.bitfusion.gpu.GpuModule;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.ModuleImage;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.cuda.CudaGpuStream.Kind;
import org.jspecify.annotations.Nullable;

/// A context of the driver. Owns its streams, events, modules and memory.
final class CudaGpuContext implements GpuContext {
    private static final long LEGACY_STREAM = 1;
    private static final int NON_BLOCKING = 1;
    private static final byte[] NOTHING = {};

    /// The context that this layer has made the thread's current one last. The driver gives a new
    /// context the number of one that is gone: so the object counts, not its handle.
    private static final ThreadLocal<@Nullable CudaGpuContext[]> CURRENT =
            ThreadLocal.withInitial(() -> new CudaGpuContext[1]);

    private final CudaGpuDriver driver;
    private final CudaGpuDevice device;
    private final long handle;
    private final AllocationBudget budget;
    private final CudaGpuMemory memory;
    private final Staging staging = new Staging();
    private final DriverEvents events = new DriverEvents();
    private final CudaGpuStream defaultStream;
    private final List<CudaGpuStream> streams = new CopyOnWriteArrayList<>();
    private final AtomicLong variableBytes = new AtomicLong();
    private volatile CudaStatus error = CudaStatus.SUCCESS;
    private CudaStatus late = CudaStatus.SUCCESS;
    private volatile boolean closed;
    private volatile boolean destroyed;

    private CudaGpuContext(
            CudaGpuDriver driver,
            CudaGpuDevice device,
            long handle,
            CudaWindow window,
            AllocationBudget budget,
            Allocations allocations) {
        this.driver = driver;
        this.device = device;
        this.handle = handle;
        this.budget = budget;
        this.memory = new CudaGpuMemory(this, window, budget, allocations);
        this.defaultStream = new CudaGpuStream(this, LEGACY_STREAM, Kind.LEGACY);
        streams.add(defaultStream);
    }

    /// Makes a context of the driver. The driver leaves it current in the calling thread; it is
    /// taken off again, so that the thread's current context is what [#makeCurrent] says.
    static Outcome<CudaGpuContext> create(
            CudaGpuDriver driver,
            CudaGpuDevice device,
            int flags,
            CudaWindow window,
            AllocationBudget budget,
            Allocations allocations) {
        Outcome<Long> made =
                Scratch.longFrom(room -> CudaLibrary.cuCtxCreate_v2(room, flags, device.index()));
        if (made.status().isSuccess()) {
            CudaStatus popped = Scratch.longFrom(CudaLibrary::cuCtxPopCurrent_v2).status();
            DriverCall.checked("cuCtxPopCurrent", popped.code());
        }
        return made.map(
                handle -> new CudaGpuContext(driver, device, handle, window, budget, allocations));
    }

    /// Makes this context the calling thread's.
    void makeCurrent() {
        @Nullable CudaGpuContext[] current = CURRENT.get();
        if (current[0] != this && !destroyed) {
            CudaStatus status = CudaStatus.of(CudaLibrary.cuCtxSetCurrent(handle));
            current[0] = status.isSuccess() ? this : null;
            noted(status);
        }
    }

    /// Remembers an execution error, and answers the context's error if it has one.
    CudaStatus noted(CudaStatus status) {
        if (status.isSticky()) {
            keepFirst(status);
        }
        CudaStatus kept = error;
        return kept.isSuccess() ? status : kept;
    }

    private synchronized void keepFirst(CudaStatus status) {
        if (error.isSuccess()) {
            error = status;
        }
    }

    /// A call that was handed to the driver after its caller had been answered has failed.
    void late(CudaStatus status) {
        noted(status);
        synchronized (this) {
            if (late.isSuccess()) {
                late = status;
            }
        }
    }

    CudaGpuDriver driver() {
        return driver;
    }

    Staging staging() {
        return staging;
    }

    DriverEvents events() {
        return events;
    }

    boolean isClosed() {
        return closed;
    }

    /// Sets bytes of the share aside for a module's variables.
    boolean reserve(long bytes) {
        boolean granted = bytes == 0 || budget.reserve(device.index(), bytes);
        if (granted) {
            variableBytes.addAndGet(bytes);
        }
        return granted;
    }

    void release(long bytes) {
        variableBytes.addAndGet(-bytes);
        if (bytes > 0) {
            budget.release(device.index(), bytes);
        }
    }

    /// What a new operation of a stream has to wait for before it is handed to the driver, so that
    /// the driver sees the order that its default stream demands.
    BooleanSupplier orderOf(CudaGpuStream stream) {
        return switch (stream.kind()) {
            case NON_BLOCKING -> StreamQueue.READY;
            case BLOCKING ->
                    defaultStream.queue().isWaiting()
                            ? defaultStream.queue().whenHandedOver()
                            : StreamQueue.READY;
            case LEGACY -> {
                List<BooleanSupplier> others = new ArrayList<>();
                for (CudaGpuStream other : streams) {
                    if (other.kind() == Kind.BLOCKING && other.queue().isWaiting()) {
                        others.add(other.queue().whenHandedOver());
                    }
                }
                yield others.isEmpty()
                        ? StreamQueue.READY
                        : () -> others.stream().allMatch(BooleanSupplier::getAsBoolean);
            }
        };
    }

    /// Hands to the driver what its streams could not yet.
    ///
    /// @return whether anything was
    boolean submitWaiting() {
        boolean any = false;
        for (CudaGpuStream stream : streams) {
            any |= stream.queue().submitWaiting();
        }
        return any;
    }

    /// Whether the driver is known to have done all that was asked of a stream, and of those that
    /// it waits for.
    boolean isDone(CudaGpuStream stream) {
        return stream.isDone()
                && (stream.kind() != Kind.LEGACY
                        || streams.stream()
                                .filter(other -> other.kind() == Kind.BLOCKING)
                                .allMatch(CudaGpuStream::isDone));
    }

    /// A closed stream has done its last work.
    void forget(CudaGpuStream stream) {
        streams.remove(stream);
    }

    /// Whether a stream is not known to have done everything; those are asked to tell.
    boolean isWorking() {
        boolean any = false;
        for (CudaGpuStream stream : streams) {
            if (!stream.isDone()) {
                any = true;
                stream.findOut();
            }
        }
        return any;
    }

    /// Whether nothing is under way that memory could still be used by.
    boolean isIdle() {
        return streams.stream().allMatch(CudaGpuStream::isIdle);
    }

    @Override
    public CudaGpuDevice device() {
        return device;
    }

    @Override
    public GpuMemory memory() {
        return memory;
    }

    @Override
    public GpuStream defaultStream() {
        return defaultStream;
    }

    @Override
    public Outcome<GpuStream> createStream(int flags, int priority) {
        if (closed) {
            return Outcome.failed(CudaStatus.CONTEXT_IS_DESTROYED);
        }
        makeCurrent();
        Kind kind = (flags & NON_BLOCKING) != 0 ? Kind.NON_BLOCKING : Kind.BLOCKING;
        return Scratch.longFrom(
                        room -> CudaLibrary.cuStreamCreateWithPriority(room, flags, priority))
                .map(stream -> {
                    CudaGpuStream created = new CudaGpuStream(this, stream, kind);
                    streams.add(created);
                    return created;
                });
    }

    @Override
    public Outcome<GpuEvent> createEvent(int flags) {
        return Outcome.of(new CudaGpuEvent(this, flags));
    }

    @Override
    public Outcome<GpuModule> loadModule(ModuleImage image) {
        if (closed) {
            return Outcome.failed(CudaStatus.CONTEXT_IS_DESTROYED);
        }
        makeCurrent();
        return CudaGpuModule.load(this, image);
    }

    @Override
    public void whenIdle(Completion completion) {
        if (closed) {
            completion.completed(CudaStatus.CONTEXT_IS_DESTROYED);
            return;
        }
        List<CudaGpuStream> busy = streams.stream().filter(stream -> !stream.isDone()).toList();
        if (busy.isEmpty()) {
            completion.completed(noted(CudaStatus.SUCCESS));
            return;
        }
        AtomicInteger left = new AtomicInteger(busy.size());
        busy.forEach(stream ->
                stream.whenReached(status -> {
                    if (left.decrementAndGet() == 0) {
                        completion.completed(noted(status));
                    }
                }));
    }

    @Override
    public CudaStatus error() {
        return error;
    }

    /// The driver's errors of execution are all sticky; of calls, those that could not be answered
    /// are told once.
    @Override
    public CudaStatus takeError() {
        synchronized (this) {
            CudaStatus told = late;
            late = CudaStatus.SUCCESS;
            return noted(told);
        }
    }

    @Override
    public Outcome<Long> limit(int limit) {
        makeCurrent();
        return Scratch.longFrom(room -> CudaLibrary.cuCtxGetLimit(room, limit));
    }

    @Override
    public CudaStatus setLimit(int limit, long value) {
        makeCurrent();
        return CudaStatus.of(CudaLibrary.cuCtxSetLimit(limit, value));
    }

    /// The driver's peer access is for memory that it placed itself; mapped memory has its own.
    @Override
    public CudaStatus enablePeer(GpuContext peer) {
        makeCurrent();
        CudaGpuContext other = (CudaGpuContext) peer;
        CudaStatus status = CudaStatus.of(CudaLibrary.cuCtxEnablePeerAccess(other.handle, 0));
        return status.isSuccess()
                ? driver.window(other.device.index()).allow(device.index())
                : status;
    }

    @Override
    public CudaStatus disablePeer(GpuContext peer) {
        makeCurrent();
        return CudaStatus.of(CudaLibrary.cuCtxDisablePeerAccess(((CudaGpuContext) peer).handle));
    }

    @Override
    public byte[] takeOutput() {
        return driver.output().take();
    }

    /// Nothing: the driver writes it to this process's standard error, which is the server's log.
    @Override
    public byte[] takeFailures() {
        return NOTHING;
    }

    /// Work that the driver has cannot be stopped: then the context and its memory go when that is
    /// done, and nobody waits for it.
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            makeCurrent();
            closed = true;
        }
        boolean idle = isIdle();
        streams.forEach(CudaGpuStream::drop);
        if (idle) {
            end();
        } else {
            Thread.ofPlatform().daemon().name("cuda-closing").start(this::end);
        }
    }

    private void end() {
        try {
            for (CudaGpuStream stream : streams) {
                stream.end();
            }
            makeCurrent();
            staging.releaseAll();
            destroyed = true;
            CURRENT.get()[0] = null;
            DriverCall.checked("cuCtxDestroy", CudaLibrary.cuCtxDestroy_v2(handle));
            memory.releaseAll();
            release(variableBytes.get());
            driver.forget(this);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
