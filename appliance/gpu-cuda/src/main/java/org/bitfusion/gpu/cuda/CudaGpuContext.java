package org.bitfusion.gpu.cuda;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
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

/// A context of the driver. Owns its streams, events, modules and memory.
final class CudaGpuContext implements GpuContext {
    private static final long LEGACY_STREAM = 1;
    private static final byte[] NOTHING = {};
    private static final ThreadLocal<long[]> CURRENT = ThreadLocal.withInitial(() -> new long[1]);

    private final CudaGpuDriver driver;
    private final CudaGpuDevice device;
    private final long handle;
    private final PrintCapture output;
    private final CudaGpuMemory memory;
    private final Staging staging = new Staging();
    private final CudaGpuStream defaultStream;
    private final List<CudaGpuStream> streams = new CopyOnWriteArrayList<>();
    private final Set<LastWork> ending = ConcurrentHashMap.newKeySet();
    private volatile CudaStatus error = CudaStatus.SUCCESS;
    private volatile boolean closed;

    CudaGpuContext(
            CudaGpuDriver driver,
            CudaGpuDevice device,
            long handle,
            CudaWindow window,
            AllocationBudget budget,
            PrintCapture output) {
        this.driver = driver;
        this.device = device;
        this.handle = handle;
        this.output = output;
        this.memory = new CudaGpuMemory(this, window, budget);
        this.defaultStream = new CudaGpuStream(this, LEGACY_STREAM);
        streams.add(defaultStream);
    }

    /// Makes this context the calling thread's.
    void makeCurrent() {
        long[] current = CURRENT.get();
        if (current[0] != handle && CudaLibrary.cuCtxSetCurrent(handle) == 0) {
            current[0] = handle;
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

    Staging staging() {
        return staging;
    }

    /// The stream is used no more; what it was asked for still counts as the context's work.
    void forget(CudaGpuStream stream, Consumer<Completion> whenReached) {
        streams.remove(stream);
        LastWork end = new LastWork();
        ending.add(end);
        whenReached.accept(status -> {
            ending.remove(end);
            end.done(status);
        });
    }

    /// Whether nothing is under way that memory could still be used by.
    boolean isIdle() {
        return ending.isEmpty() && streams.stream().allMatch(stream -> stream.query().isSuccess());
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
        makeCurrent();
        return Scratch.longFrom(
                        room -> CudaLibrary.cuStreamCreateWithPriority(room, flags, priority))
                .map(stream -> {
                    CudaGpuStream created = new CudaGpuStream(this, stream);
                    streams.add(created);
                    return created;
                });
    }

    @Override
    public Outcome<GpuEvent> createEvent(int flags) {
        makeCurrent();
        return Scratch.longFrom(room -> CudaLibrary.cuEventCreate(room, flags))
                .map(event -> new CudaGpuEvent(this, event));
    }

    @Override
    public Outcome<GpuModule> loadModule(ModuleImage image) {
        makeCurrent();
        return CudaGpuModule.load(this, image);
    }

    @Override
    public void whenIdle(Completion completion) {
        if (closed) {
            completion.completed(CudaStatus.CONTEXT_IS_DESTROYED);
            return;
        }
        List<LastWork> ends = List.copyOf(ending);
        List<CudaGpuStream> all = List.copyOf(streams);
        AtomicInteger left = new AtomicInteger(all.size() + ends.size());
        Completion oneLess =
                status -> {
                    if (left.decrementAndGet() == 0) {
                        completion.completed(noted(status));
                    }
                };
        ends.forEach(end -> end.whenDone(oneLess));
        all.forEach(stream -> stream.whenReached(oneLess));
    }

    @Override
    public CudaStatus error() {
        return error;
    }

    /// The driver's errors of execution are all sticky; those of calls were answered by the calls.
    @Override
    public CudaStatus takeError() {
        return error;
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

    @Override
    public CudaStatus enablePeer(GpuContext peer) {
        makeCurrent();
        return CudaStatus.of(CudaLibrary.cuCtxEnablePeerAccess(((CudaGpuContext) peer).handle, 0));
    }

    @Override
    public CudaStatus disablePeer(GpuContext peer) {
        makeCurrent();
        return CudaStatus.of(CudaLibrary.cuCtxDisablePeerAccess(((CudaGpuContext) peer).handle));
    }

    @Override
    public byte[] takeOutput() {
        return output.take();
    }

    /// Nothing: the driver writes it to this process's standard error, which is the server's log.
    @Override
    public byte[] takeFailures() {
        return NOTHING;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        makeCurrent();
        List.copyOf(streams).forEach(CudaGpuStream::close);
        memory.releaseAll();
        staging.releaseAll();
        CudaLibrary.cuCtxDestroy_v2(handle);
        CURRENT.get()[0] = 0;
        driver.forget(this);
    }
}
