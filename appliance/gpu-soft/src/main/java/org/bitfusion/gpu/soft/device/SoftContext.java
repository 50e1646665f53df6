package org.bitfusion.gpu.soft.device;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuContext;
import org.bitfusion.gpu.GpuDevice;
import org.bitfusion.gpu.GpuEvent;
import org.bitfusion.gpu.GpuMemory;
import org.bitfusion.gpu.GpuModule;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.ModuleImage;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.StagingMemory;
import org.bitfusion.gpu.soft.device.AllocationTable.Owned;
import org.bitfusion.gpu.soft.execution.KernelFault;
import org.bitfusion.gpu.soft.execution.ProgramFactory;
import org.bitfusion.gpu.soft.launch.ContextServices;
import org.bitfusion.gpu.soft.launch.KernelEnvironment;
import org.bitfusion.gpu.soft.memory.DeviceHeap;
import org.bitfusion.gpu.soft.memory.WindowMemory;
import org.bitfusion.gpu.soft.module.ModuleHost;
import org.bitfusion.gpu.soft.module.ModuleLoader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A program's state on one software GPU.
final class SoftContext implements GpuContext, ModuleHost {
    private static final int NON_BLOCKING = 1;
    private static final long PATIENCE_MILLISECONDS = 500;
    private static final Logger LOG = LoggerFactory.getLogger(SoftContext.class);

    private final SoftDriver driver;
    private final SoftDevice device;
    private final SoftMemory memory;
    private final ContextLimits limits;
    private final ContextServices services;
    private final KernelEnvironment environment;
    private final SoftStream legacy;
    private final StreamQueue[] legacyQueue;
    private final Set<SoftStream> streams = ConcurrentHashMap.newKeySet();
    private final Set<GpuContext> peers = ConcurrentHashMap.newKeySet();
    private volatile StreamQueue[] blockingQueues = StreamQueue.none();
    private volatile CudaStatus sticky = CudaStatus.SUCCESS;
    private volatile CudaStatus deferred = CudaStatus.SUCCESS;
    private volatile boolean closed;

    SoftContext(SoftDriver driver, SoftDevice device) {
        this.driver = driver;
        this.device = device;
        this.memory = new SoftMemory(this, device, driver.allocations());
        DeviceHeap heap = new DeviceHeap(ContextLimits.HEAP_BYTES, this::heapArea);
        this.services =
                new ContextServices(
                        driver.window(),
                        heap,
                        driver.settings().threads(),
                        ContextLimits.PRINT_BYTES);
        this.limits = new ContextLimits(heap, services, driver.settings().capability());
        this.environment = environment();
        this.legacy = new SoftStream(this, SoftStream.Order.LEGACY);
        this.legacyQueue = new StreamQueue[] {legacy.queue()};
        streams.add(legacy);
    }

    private KernelEnvironment environment() {
        return new KernelEnvironment(
                driver.window(),
                driver.threads(),
                driver.settings().threads(),
                driver.settings().threads(),
                services,
                limits::stackBytes,
                () -> closed,
                driver.settings().exactBounds() ? this::checkAccess : null,
                driver.coverage());
    }

    private void checkAccess(long address, int byteCount) {
        WindowMemory window = driver.window();
        long offset = window.offsetOf(address);
        boolean ownArea = offset >= window.windowSize();
        if (!ownArea && !driver.allocations().isInside(offset, byteCount)) {
            throw new KernelFault(
                    KernelFault.ILLEGAL_ADDRESS,
                    "%d bytes at %#x are outside live memory".formatted(byteCount, address));
        }
    }

    private long heapArea(long bytes) {
        Long address = memory.allocate(bytes, 1).valueOrNull();
        return address == null ? 0 : address;
    }

    StreamQueue newQueue() {
        return new StreamQueue(driver.lock(), driver.threads());
    }

    List<StreamQueue> queues() {
        return streams.stream().map(SoftStream::queue).toList();
    }

    StreamQueue[] blockingQueues() {
        return blockingQueues;
    }

    StreamQueue[] legacyQueue() {
        return legacyQueue;
    }

    StagingMemory staging() {
        return driver.staging();
    }

    KernelEnvironment kernelEnvironment() {
        return environment;
    }

    /// Notes an error of execution: a sticky one for good, another until it is taken.
    void fail(CudaStatus status, String detail) {
        LOG.warn("{}: {}", status.cudaName(), detail);
        synchronized (this) {
            if (!sticky.isSuccess()) {
                return;
            }
            if (status.isSticky()) {
                sticky = status;
            } else if (deferred.isSuccess()) {
                deferred = status;
            }
        }
    }

    @Override
    public CudaStatus error() {
        return sticky;
    }

    @Override
    public CudaStatus takeError() {
        if (deferred.isSuccess()) {
            return sticky;
        }
        synchronized (this) {
            CudaStatus first = deferred;
            deferred = CudaStatus.SUCCESS;
            return first.isSuccess() ? sticky : first;
        }
    }

    @Override
    public GpuDevice device() {
        return device;
    }

    @Override
    public GpuMemory memory() {
        return memory;
    }

    @Override
    public GpuStream defaultStream() {
        return legacy;
    }

    @Override
    public Outcome<GpuStream> createStream(int flags, int priority) {
        boolean blocking = (flags & NON_BLOCKING) == 0;
        SoftStream stream =
                new SoftStream(
                        this, blocking ? SoftStream.Order.BLOCKING : SoftStream.Order.NON_BLOCKING);
        streams.add(stream);
        listBlocking();
        return Outcome.of(stream);
    }

    /// A stream goes away when it has nothing left to do.
    void forget(SoftStream stream) {
        stream.queue()
                .whenReached(
                        stream.queue().tail().sequence(),
                        () -> {
                            streams.remove(stream);
                            listBlocking();
                        });
    }

    private synchronized void listBlocking() {
        List<StreamQueue> queues = new ArrayList<>();
        for (SoftStream stream : streams) {
            if (stream.order() == SoftStream.Order.BLOCKING) {
                queues.add(stream.queue());
            }
        }
        blockingQueues = queues.toArray(StreamQueue[]::new);
    }

    @Override
    public Outcome<GpuEvent> createEvent(int flags) {
        return Outcome.of(new SoftEvent(this, flags));
    }

    @Override
    public Outcome<GpuModule> loadModule(ModuleImage image) {
        return ModuleLoader.load(image, this);
    }

    @Override
    public void whenIdle(Completion completion) {
        StreamQueue.whenAllReached(driver.lock(), queues(), () -> tell(completion));
    }

    /// Tells somebody who has waited.
    void tell(Completion completion) {
        memory.synchronised();
        completion.completed(sticky);
    }

    @Override
    public Outcome<Long> limit(int limit) {
        return limits.value(limit);
    }

    @Override
    public CudaStatus setLimit(int limit, long value) {
        return limits.set(limit, value);
    }

    @Override
    public CudaStatus enablePeer(GpuContext peer) {
        if (!(peer instanceof SoftContext) || peer == this) {
            return CudaStatus.INVALID_CONTEXT;
        }
        return peers.add(peer) ? CudaStatus.SUCCESS : CudaStatus.PEER_ACCESS_ALREADY_ENABLED;
    }

    @Override
    public CudaStatus disablePeer(GpuContext peer) {
        return peers.remove(peer) ? CudaStatus.SUCCESS : CudaStatus.PEER_ACCESS_NOT_ENABLED;
    }

    @Override
    public byte[] takeOutput() {
        return services.takeOutput();
    }

    @Override
    public byte[] takeFailures() {
        return services.takeFailures();
    }

    /// Has one line written to the program's stderr, once per driver and kind.
    void tellOnce(String kind, String line) {
        if (driver.isFirst(kind)) {
            services.tell(line);
        }
    }

    @Override
    public WindowMemory window() {
        return driver.window();
    }

    @Override
    public Outcome<Long> allocate(long bytes, long alignment) {
        return memory.allocate(bytes, alignment);
    }

    @Override
    public void free(long address) {
        memory.free(address);
    }

    @Override
    public List<ProgramFactory> programFactories() {
        return driver.factories();
    }

    @Override
    public int capability() {
        return driver.settings().capability();
    }

    /// Work that has not begun is dropped, kernels stop when they next yield or fault; then memory
    /// goes back. A kernel that does not stop soon loses its memory under its feet.
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            sticky = CudaStatus.CONTEXT_IS_DESTROYED;
        }
        List<Owned> entries = driver.allocations().takeAllOf(this);
        AtomicBoolean released = new AtomicBoolean();
        Runnable release =
                () -> {
                    if (released.compareAndSet(false, true)) {
                        entries.forEach(SoftMemory::release);
                        memory.close();
                        driver.forget(this);
                    }
                };
        CompletableFuture.delayedExecutor(PATIENCE_MILLISECONDS, TimeUnit.MILLISECONDS)
                .execute(release);
        StreamQueue.whenAllReached(driver.lock(), queues(), release);
    }
}
