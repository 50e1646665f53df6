package org.bitfusion.gpu.cuda;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuEvent;
import org.bitfusion.gpu.GpuFunction;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.LaunchParameters;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.PendingWrite;
import org.bitfusion.gpu.ReadSink;
import org.bitfusion.gpu.Region;
import org.jspecify.annotations.Nullable;

/// A stream of the driver. Callers hand operations to the driver through a [StreamQueue], so that
/// they never wait there; a [Completions] thread waits where something must be told.
final class CudaGpuStream implements GpuStream {
    /// The order that a stream keeps with others of its context.
    enum Kind {
        /// The context's default stream: waits for all blocking streams, and they for it.
        LEGACY,
        BLOCKING,
        NON_BLOCKING
    }

    private final CudaGpuContext context;
    private final long handle;
    private final Kind kind;
    private final Completions completions = new Completions(this);
    private final StreamQueue queue;
    private final AtomicLong readsAsked = new AtomicLong();
    private final AtomicLong readsGiven = new AtomicLong();
    private final AtomicBoolean findsOut = new AtomicBoolean();
    private volatile @Nullable Mark last;
    private boolean destroyed;

    CudaGpuStream(CudaGpuContext context, long handle, Kind kind) {
        this.context = context;
        this.handle = handle;
        this.kind = kind;
        this.queue = new StreamQueue(this::markOnTheWay, context::late);
    }

    @Override
    public CudaGpuContext context() {
        return context;
    }

    long handle() {
        return handle;
    }

    Kind kind() {
        return kind;
    }

    DriverEvents events() {
        return context.events();
    }

    StreamQueue queue() {
        return queue;
    }

    private CudaStatus submit(StreamQueue.Operation operation) {
        return submit(operation, StreamQueue.READY);
    }

    private CudaStatus submit(StreamQueue.Operation operation, BooleanSupplier ready) {
        BooleanSupplier order = context.orderOf(this);
        CudaStatus status =
                queue.submit(operation, () -> order.getAsBoolean() && ready.getAsBoolean());
        if (queue.isToBeLookedAt()) {
            context.driver().submitWaiting();
        }
        return context.noted(status);
    }

    /// Work of the driver, with a mark behind it. A failure that is answered is not told besides.
    private final class Marked implements StreamQueue.Operation {
        private final @Nullable Supplier<CudaStatus> work;
        private final Mark mark;

        Marked(@Nullable Supplier<CudaStatus> work, Mark mark) {
            this.work = work;
            this.mark = mark;
        }

        @Override
        public CudaStatus submit(boolean late) {
            if (destroyed) { // somebody has asked what it still does
                completions.addFailed(mark, CudaStatus.CONTEXT_IS_DESTROYED);
                return CudaStatus.SUCCESS;
            }
            context.makeCurrent();
            CudaStatus status = work == null ? CudaStatus.SUCCESS : work.get();
            if (status.isSuccess()) {
                status = record(mark, work != null);
            }
            if (!status.isSuccess() && late) {
                completions.addFailed(mark, status);
            }
            return status;
        }

        @Override
        public void drop() {
            completions.addFailed(mark, CudaStatus.CONTEXT_IS_DESTROYED);
        }
    }

    /// With the queue's lock.
    ///
    /// @param own whether the mark is no operation of the queue itself
    private CudaStatus record(Mark mark, boolean own) {
        Outcome<Long> event = events().take(mark.isTimed());
        Long number = event.valueOrNull();
        CudaStatus status =
                number == null
                        ? event.status()
                        : CudaStatus.of(CudaLibrary.cuEventRecord(number, handle));
        if (number != null) {
            mark.submitted(number);
        }
        if (status.isSuccess()) {
            completions.add(mark, queue.mark(own));
        }
        return status;
    }

    private void markOnTheWay() {
        if (!destroyed) {
            context.makeCurrent();
            record(new Mark(this, false), true);
        }
    }

    /// Hands work over, and tells when the stream has done it.
    ///
    /// @param work done in the stream's order
    /// @param ready what it has to wait for besides
    /// @param reached not told if this answers an error
    CudaStatus submitAndMark(Supplier<CudaStatus> work, BooleanSupplier ready, Completion reached) {
        Mark mark = new Mark(this, false);
        mark.whenReached(reached);
        return submit(new Marked(work, mark), ready);
    }

    /// The stream has done so many operations.
    void done(long operations) {
        queue.done(operations);
    }

    @Override
    public Outcome<PendingWrite> write(
            long destination, Region region, long packedOffset, int byteCount) {
        if (byteCount < 0
                || byteCount > Staging.BUFFER_BYTES
                || !context.driver().mayUse(destination, region.spanBytes())) {
            return Outcome.failed(CudaStatus.INVALID_VALUE);
        }
        context.makeCurrent();
        return context.staging()
                .take(byteCount)
                .map(slice ->
                        new StagedWrite(
                                this, slice, destination, RegionBoxes.plane(region), packedOffset));
    }

    /// Copies a run to pinned memory in the stream's order.
    CudaStatus copyToHost(MemorySegment host, long source, long bytes) {
        return CudaStatus.of(CudaLibrary.cuMemcpyDtoHAsync_v2(host, source, bytes, handle));
    }

    @Override
    public CudaStatus read(long source, Region region, ReadSink sink) {
        readsAsked.incrementAndGet();
        CudaStatus status =
                new StagedRead(
                                this,
                                source,
                                region,
                                new ReadSink() {
                                    @Override
                                    public void accept(ByteBuffer bytes, long packedOffset) {
                                        sink.accept(bytes, packedOffset);
                                    }

                                    @Override
                                    public void completed(CudaStatus reached) {
                                        readsGiven.incrementAndGet();
                                        sink.completed(reached);
                                    }
                                })
                        .start();
        if (!status.isSuccess()) {
            readsGiven.incrementAndGet();
        }
        return status;
    }

    /// Reads asked for so far.
    long reads() {
        return readsAsked.get();
    }

    /// The driver is done with a read before its bytes have been given on: until then nothing may
    /// say that the stream has passed it.
    boolean hasGiven(long reads) {
        return readsGiven.get() >= reads;
    }

    @Override
    public CudaStatus copy(long destination, long source, long bytes) {
        return submit(_ -> {
            context.makeCurrent();
            return CudaStatus.of(CudaLibrary.cuMemcpyAsync(destination, source, bytes, handle));
        });
    }

    @Override
    public CudaStatus copyRegion(
            long destination, Region destinationRegion, long source, Region sourceRegion) {
        Region to = RegionBoxes.plane(destinationRegion);
        Region from = RegionBoxes.plane(sourceRegion);
        boolean regular =
                to.depth() == 1
                        || (to.slicePitch() % to.pitch() == 0
                                && from.slicePitch() % from.pitch() == 0);
        return submit(_ -> {
            context.makeCurrent();
            if (regular) {
                return BoxCopy.enqueue(
                        BoxCopy.End.device(destination, to.pitch(), rowsOfSlice(to)),
                        BoxCopy.End.device(source, from.pitch(), rowsOfSlice(from)),
                        to.widthBytes(),
                        to.height(),
                        to.depth(),
                        handle);
            }
            CudaStatus status = CudaStatus.SUCCESS;
            for (long slice = 0; slice < to.depth() && status.isSuccess(); slice++) {
                status =
                        BoxCopy.enqueue(
                                BoxCopy.End.device(
                                        destination + slice * to.slicePitch(),
                                        to.pitch(),
                                        to.height()),
                                BoxCopy.End.device(
                                        source + slice * from.slicePitch(),
                                        from.pitch(),
                                        to.height()),
                                to.widthBytes(),
                                to.height(),
                                1,
                                handle);
            }
            return status;
        });
    }

    private static long rowsOfSlice(Region region) {
        return region.depth() == 1 ? region.height() : region.slicePitch() / region.pitch();
    }

    @Override
    public CudaStatus fill(
            long destination, int value, int elementBytes, long pitch, long columns, long rows) {
        return submit(_ -> {
            context.makeCurrent();
            return CudaStatus.of(
                    switch (elementBytes) {
                        case 1 ->
                                CudaLibrary.cuMemsetD2D8Async(
                                        destination, pitch, (byte) value, columns, rows, handle);
                        case 2 ->
                                CudaLibrary.cuMemsetD2D16Async(
                                        destination, pitch, (short) value, columns, rows, handle);
                        default ->
                                CudaLibrary.cuMemsetD2D32Async(
                                        destination, pitch, value, columns, rows, handle);
                    });
        });
    }

    @Override
    public CudaStatus launch(GpuFunction function, LaunchParameters parameters) {
        return submit(_ -> {
            context.makeCurrent();
            return Launcher.launch(handle, (CudaGpuFunction) function, parameters);
        });
    }

    @Override
    public CudaStatus record(GpuEvent event) {
        CudaGpuEvent own = (CudaGpuEvent) event;
        Mark mark = new Mark(this, own.isTimed());
        own.recorded(mark, reads());
        return submitMark(mark);
    }

    @Override
    public CudaStatus await(GpuEvent event) {
        Mark mark = ((CudaGpuEvent) event).latest();
        if (mark == null) {
            return context.noted(CudaStatus.SUCCESS);
        }
        return submit(
                new StreamQueue.Operation() {
                    @Override
                    public CudaStatus submit(boolean isLate) {
                        context.makeCurrent();
                        CudaStatus status =
                                mark.outcome() != null || mark.event() == 0
                                        ? CudaStatus.SUCCESS
                                        : CudaStatus.of(
                                                CudaLibrary.cuStreamWaitEvent(
                                                        handle, mark.event(), 0));
                        mark.release();
                        return status;
                    }

                    @Override
                    public void drop() {
                        mark.release();
                    }
                },
                mark::isSubmitted);
    }

    /// The function runs on the stream's thread here, not on the one that the driver has for all
    /// streams; until it is released nothing behind it is handed to the driver.
    @Override
    public CudaStatus hostFunction(Consumer<Runnable> function) {
        AtomicBoolean released = new AtomicBoolean();
        CudaStatus status =
                submitAndMark(
                        () -> CudaStatus.SUCCESS,
                        StreamQueue.READY,
                        _ ->
                                function.accept(() -> {
                                    released.set(true);
                                    completions.happened();
                                }));
        return status.isSuccess() ? submit(_ -> CudaStatus.SUCCESS, released::get) : status;
    }

    @Override
    public void whenReached(Completion completion) {
        Mark end = last;
        if (end != null) {
            end.whenReached(completion);
            return;
        }
        if (context.isDone(this)) {
            completion.completed(context.noted(CudaStatus.SUCCESS));
            return;
        }
        Mark mark = new Mark(this, false);
        mark.whenReached(completion);
        submitMark(mark);
    }

    /// What waits for the mark is told in any case.
    private CudaStatus submitMark(Mark mark) {
        CudaStatus status = submit(new Marked(null, mark));
        if (!status.isSuccess()) {
            completions.addFailed(mark, status);
        }
        return status;
    }

    @Override
    public CudaStatus query() {
        if (queue.isWaiting()) {
            return context.noted(CudaStatus.NOT_READY);
        }
        context.makeCurrent();
        CudaStatus status = context.noted(CudaStatus.of(CudaLibrary.cuStreamQuery(handle)));
        return status.isSuccess() && !hasGiven(reads()) ? CudaStatus.NOT_READY : status;
    }

    /// Whether all that was asked for is known to be done, and reads are given on.
    boolean isDone() {
        Mark end = last;
        return end != null ? end.outcome() != null : queue.isDone() && hasGiven(reads());
    }

    /// Has it known before long whether the stream has done everything. By any thread.
    void findOut() {
        if (last == null && findsOut.compareAndSet(false, true)) {
            Mark mark = new Mark(this, false);
            mark.whenReached(_ -> findsOut.set(false));
            submitMark(mark);
        }
    }

    /// Whether nothing is under way; asks the driver if that is not known.
    boolean isIdle() {
        return isDone() || (last == null && query().isSuccess());
    }

    /// What was asked for still counts as the context's work.
    @Override
    public void close() {
        if (last != null || kind == Kind.LEGACY) {
            return;
        }
        Mark end = new Mark(this, false);
        end.whenReached(_ -> context.forget(this));
        submitMark(end);
        last = end;
        submit(
                new StreamQueue.Operation() {
                    @Override
                    public CudaStatus submit(boolean isLate) {
                        context.makeCurrent();
                        destroyed = true;
                        completions.close();
                        return DriverCall.checked(
                                "cuStreamDestroy", CudaLibrary.cuStreamDestroy_v2(handle));
                    }

                    @Override
                    public void drop() {
                        completions.close();
                    }
                });
    }

    /// What has not been handed to the driver is dropped; told behind what the driver has.
    void drop() {
        queue.drop();
    }

    /// The context ends: so do this stream and its thread, when the driver has done what it has.
    void end() throws InterruptedException {
        queue.drop();
        completions.close();
        completions.join();
        if (kind != Kind.LEGACY && last == null) {
            context.makeCurrent();
            DriverCall.checked("cuStreamDestroy", CudaLibrary.cuStreamDestroy_v2(handle));
        }
    }
}
