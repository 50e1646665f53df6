package org.bitfusion.gpu.cuda;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
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

/// A stream of the driver. Every operation is handed to the driver by the caller; a [Completions]
/// thread waits where something must be told.
final class CudaGpuStream implements GpuStream {
    private static final int EVENT_WITHOUT_TIMING = 2;

    private final CudaGpuContext context;
    private final long handle;
    private final Completions completions;
    private final AtomicLong readsAsked = new AtomicLong();
    private final AtomicLong readsGiven = new AtomicLong();

    CudaGpuStream(CudaGpuContext context, long handle) {
        this.context = context;
        this.handle = handle;
        this.completions = new Completions(context);
    }

    @Override
    public GpuContext context() {
        return context;
    }

    @Override
    public Outcome<PendingWrite> write(
            long destination, Region region, long packedOffset, int byteCount) {
        if (byteCount < 0 || byteCount > Staging.BUFFER_BYTES) {
            return Outcome.failed(CudaStatus.INVALID_VALUE);
        }
        context.makeCurrent();
        return context.staging()
                .take()
                .map(buffer ->
                        new StagedWrite(buffer, destination, region, packedOffset, byteCount));
    }

    /// A write whose bytes wait in pinned memory.
    private final class StagedWrite implements PendingWrite {
        private final MemorySegment staged;
        private final long destination;
        private final Region region;
        private final long packedOffset;
        private final ByteBuffer buffer;

        StagedWrite(
                MemorySegment staged,
                long destination,
                Region region,
                long packedOffset,
                int byteCount) {
            this.staged = staged;
            this.destination = destination;
            this.region = region;
            this.packedOffset = packedOffset;
            this.buffer = staged.asSlice(0, byteCount).asByteBuffer();
        }

        @Override
        public ByteBuffer buffer() {
            return buffer;
        }

        @Override
        public CudaStatus commit(Completion landed) {
            context.makeCurrent();
            CudaStatus status =
                    RegionPieces.forEach(
                            region,
                            packedOffset,
                            buffer.capacity(),
                            (offset, packed, bytes) ->
                                    called(
                                            CudaLibrary.cuMemcpyHtoDAsync_v2(
                                                    destination + offset,
                                                    staged.asSlice(packed),
                                                    bytes,
                                                    handle)));
            whenReached(reached -> {
                context.staging().giveBack(staged);
                landed.completed(reached);
            });
            return status;
        }

        @Override
        public void cancel() {
            context.staging().giveBack(staged);
        }
    }

    @Override
    public CudaStatus read(long source, Region region, ReadSink sink) {
        readsAsked.incrementAndGet();
        CudaStatus status =
                new StagedRead(
                                context,
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
        context.makeCurrent();
        return called(CudaLibrary.cuMemcpyAsync(destination, source, bytes, handle));
    }

    @Override
    public CudaStatus copyRegion(
            long destination, Region destinationRegion, long source, Region sourceRegion) {
        context.makeCurrent();
        return RegionPieces.forEach(
                sourceRegion,
                0,
                sourceRegion.packedBytes(),
                (from, packed, run) ->
                        RegionPieces.forEach(
                                destinationRegion,
                                packed,
                                run,
                                (to, done, bytes) ->
                                        called(
                                                CudaLibrary.cuMemcpyAsync(
                                                        destination + to,
                                                        source + from + done,
                                                        bytes,
                                                        handle))));
    }

    @Override
    public CudaStatus fill(
            long destination, int value, int elementBytes, long pitch, long columns, long rows) {
        context.makeCurrent();
        return called(
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
    }

    @Override
    public CudaStatus launch(GpuFunction function, LaunchParameters parameters) {
        context.makeCurrent();
        return context.noted(Launcher.launch(handle, (CudaGpuFunction) function, parameters));
    }

    @Override
    public CudaStatus record(GpuEvent event) {
        context.makeCurrent();
        CudaGpuEvent own = (CudaGpuEvent) event;
        own.recordedIn(this, completions);
        return called(CudaLibrary.cuEventRecord(own.handle(), handle));
    }

    @Override
    public CudaStatus await(GpuEvent event) {
        context.makeCurrent();
        return called(CudaLibrary.cuStreamWaitEvent(handle, ((CudaGpuEvent) event).handle(), 0));
    }

    @Override
    public CudaStatus hostFunction(Consumer<Runnable> function) {
        context.makeCurrent();
        return context.noted(HostFunctions.enqueue(handle, function));
    }

    @Override
    public void whenReached(Completion completion) {
        context.makeCurrent();
        Long event =
                Scratch.longFrom(room -> CudaLibrary.cuEventCreate(room, EVENT_WITHOUT_TIMING))
                        .valueOrNull();
        CudaStatus recorded =
                event == null
                        ? CudaStatus.OUT_OF_MEMORY
                        : CudaStatus.of(CudaLibrary.cuEventRecord(event, handle));
        if (event == null || !recorded.isSuccess()) {
            completion.completed(context.noted(recorded));
        } else {
            completions.add(event, completion);
        }
    }

    @Override
    public CudaStatus query() {
        context.makeCurrent();
        CudaStatus status = called(CudaLibrary.cuStreamQuery(handle));
        return status.isSuccess() && !hasGiven(reads()) ? CudaStatus.NOT_READY : status;
    }

    @Override
    public void close() {
        context.makeCurrent();
        context.forget(this, this::whenReached);
        if (handle > 2) {
            CudaLibrary.cuStreamDestroy_v2(handle); // finishes its work first
        }
        completions.close();
    }

    private CudaStatus called(int code) {
        return context.noted(CudaStatus.of(code));
    }

    /// Copies a run to pinned memory in the stream's order.
    CudaStatus copyToHost(MemorySegment host, long source, long bytes) {
        return called(CudaLibrary.cuMemcpyDtoHAsync_v2(host, source, bytes, handle));
    }
}
