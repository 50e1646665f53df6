package org.bitfusion.gpu.soft.device;

import java.util.function.Consumer;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuContext;
import org.bitfusion.gpu.GpuEvent;
import org.bitfusion.gpu.GpuFunction;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.LaunchParameters;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.PendingWrite;
import org.bitfusion.gpu.ReadSink;
import org.bitfusion.gpu.Region;
import org.bitfusion.gpu.soft.launch.Launch;
import org.bitfusion.gpu.soft.memory.Bulk;
import org.bitfusion.gpu.soft.memory.WindowMemory;
import org.bitfusion.gpu.soft.module.SoftFunction;

/// A stream of a software GPU. Copies and fills are checked against live memory when they are
/// enqueued, as the driver does.
final class SoftStream implements GpuStream {
    /// Work on up to so many bytes is done at once by the caller when the stream is idle.
    static final long INLINE_BYTES = 16L << 10;

    /// How a stream and the legacy default stream wait for each other.
    enum Order {
        LEGACY,
        BLOCKING,
        NON_BLOCKING
    }

    private final SoftContext context;
    private final WindowMemory window;
    private final StreamQueue queue;
    private final Order order;

    SoftStream(SoftContext context, Order order) {
        this.context = context;
        this.window = context.window();
        this.queue = context.newQueue();
        this.order = order;
    }

    StreamQueue queue() {
        return queue;
    }

    Order order() {
        return order;
    }

    /// The queues whose present content comes before what is submitted now.
    StreamQueue[] before() {
        return switch (order) {
            case LEGACY -> context.blockingQueues();
            case BLOCKING -> context.legacyQueue();
            case NON_BLOCKING -> StreamQueue.none();
        };
    }

    void submit(Operation operation, boolean inline) {
        queue.submit(operation, before(), null, inline);
    }

    private CudaStatus enqueue(boolean small, Runnable work) {
        submit(ContextOperation.of(context, work), small);
        return CudaStatus.SUCCESS;
    }

    @Override
    public GpuContext context() {
        return context;
    }

    @Override
    public Outcome<PendingWrite> write(
            long destination, Region region, long packedOffset, int byteCount) {
        if (!region.isValid()
                || packedOffset < 0
                || byteCount <= 0
                || packedOffset > region.packedBytes() - byteCount
                || !window.isLive(destination, region.spanBytes())) {
            return Outcome.failed(CudaStatus.INVALID_VALUE);
        }
        return SoftWrite.begin(this, window.offsetOf(destination), region, packedOffset, byteCount);
    }

    @Override
    public CudaStatus read(long source, Region region, ReadSink sink) {
        if (!region.isValid() || !window.isLive(source, region.spanBytes())) {
            return CudaStatus.INVALID_VALUE;
        }
        SoftRead read = new SoftRead(context, window.offsetOf(source), region, sink);
        submit(read, region.packedBytes() <= INLINE_BYTES);
        queue.whenReached(read.sequence, read::tellEnd);
        return CudaStatus.SUCCESS;
    }

    @Override
    public CudaStatus copy(long destination, long source, long bytes) {
        return copyRegion(destination, Region.linear(bytes), source, Region.linear(bytes));
    }

    @Override
    public CudaStatus copyRegion(
            long destination, Region destinationRegion, long source, Region sourceRegion) {
        if (!destinationRegion.isValid()
                || !sourceRegion.isValid()
                || destinationRegion.widthBytes() != sourceRegion.widthBytes()
                || destinationRegion.height() != sourceRegion.height()
                || destinationRegion.depth() != sourceRegion.depth()) {
            return CudaStatus.INVALID_VALUE;
        }
        long bytes = destinationRegion.packedBytes();
        if (bytes == 0) {
            return CudaStatus.SUCCESS;
        }
        if (!window.isLive(destination, destinationRegion.spanBytes())
                || !window.isLive(source, sourceRegion.spanBytes())) {
            return CudaStatus.INVALID_VALUE;
        }
        long to = window.offsetOf(destination);
        long from = window.offsetOf(source);
        return enqueue(
                bytes <= INLINE_BYTES,
                () -> Bulk.copy(window.segment(), to, destinationRegion, from, sourceRegion));
    }

    @Override
    public CudaStatus fill(
            long destination, int value, int elementBytes, long pitch, long columns, long rows) {
        boolean width = elementBytes == 1 || elementBytes == 2 || elementBytes == 4;
        if (!width || columns < 0 || columns > 1L << 46 || destination % elementBytes != 0) {
            return CudaStatus.INVALID_VALUE;
        }
        Region region = Region.plane(columns * elementBytes, rows, pitch);
        if (columns == 0 || rows == 0) {
            return CudaStatus.SUCCESS;
        }
        if (!region.isValid() || !window.isLive(destination, region.spanBytes())) {
            return CudaStatus.INVALID_VALUE;
        }
        long to = window.offsetOf(destination);
        return enqueue(
                region.packedBytes() <= INLINE_BYTES,
                () -> Bulk.fill(window.segment(), to, value, elementBytes, pitch, columns, rows));
    }

    @Override
    public CudaStatus launch(GpuFunction function, LaunchParameters parameters) {
        if (!(function instanceof SoftFunction kernel)) {
            return CudaStatus.INVALID_HANDLE;
        }
        CudaStatus status = Launch.check(kernel, parameters, context.kernelEnvironment());
        if (status.isSuccess()) {
            submit(new KernelOperation(context, kernel, parameters), false);
        }
        return status;
    }

    @Override
    public CudaStatus record(GpuEvent event) {
        if (!(event instanceof SoftEvent own)) {
            return CudaStatus.INVALID_HANDLE;
        }
        own.recordIn(this);
        return CudaStatus.SUCCESS;
    }

    @Override
    public CudaStatus await(GpuEvent event) {
        if (!(event instanceof SoftEvent own)) {
            return CudaStatus.INVALID_HANDLE;
        }
        SoftEvent.Recording recording = own.latest();
        if (recording != null) {
            Operation nothing = ContextOperation.of(context, () -> {});
            queue.submit(nothing, before(), recording.point(), true);
        }
        return CudaStatus.SUCCESS;
    }

    @Override
    public CudaStatus hostFunction(Consumer<Runnable> function) {
        submit(
                new ContextOperation(context) {
                    @Override
                    boolean run() {
                        function.accept(() -> queue.finish(this));
                        return false;
                    }

                    @Override
                    boolean runsAfterError() {
                        return true;
                    }
                },
                false);
        return CudaStatus.SUCCESS;
    }

    @Override
    public void whenReached(Completion completion) {
        Operation marker = ContextOperation.always(context, () -> {});
        submit(marker, true);
        queue.whenReached(marker.sequence, () -> context.tell(completion));
    }

    @Override
    public CudaStatus query() {
        CudaStatus error = context.error();
        if (!error.isSuccess()) {
            return error;
        }
        boolean idle = queue.isIdle();
        if (order == Order.LEGACY) {
            for (StreamQueue other : context.blockingQueues()) {
                idle &= other.isIdle();
            }
        }
        return idle ? CudaStatus.SUCCESS : CudaStatus.NOT_READY;
    }

    @Override
    public void close() {
        context.forget(this);
    }
}
