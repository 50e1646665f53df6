package org.bitfusion.gpu.cuda;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.ReadSink;
import org.bitfusion.gpu.Region;

/// A read through pinned memory. The stream is held by a host function from where the read was
/// asked for until its last byte has left the device, while a second stream copies piece after
/// piece into two buffers that the sink empties: device and network work at once, and memory stays
/// bounded.
final class StagedRead {
    private record Full(MemorySegment buffer, long packedOffset, int bytes, CudaStatus status) {}

    private static final int BUFFERS = 2;

    private final CudaGpuContext context;
    private final CudaGpuStream stream;
    private final long source;
    private final Region region;
    private final ReadSink sink;

    StagedRead(
            CudaGpuContext context,
            CudaGpuStream stream,
            long source,
            Region region,
            ReadSink sink) {
        this.context = context;
        this.stream = stream;
        this.source = source;
        this.region = region;
        this.sink = sink;
    }

    CudaStatus start() {
        if (region.packedBytes() <= Staging.BUFFER_BYTES) {
            return readAtOnce();
        }
        AtomicBoolean begun = new AtomicBoolean();
        CudaStatus status =
                stream.hostFunction(release -> {
                    begun.set(true);
                    Thread.ofPlatform()
                            .daemon()
                            .name("cuda-read")
                            .start(() -> readInPieces(release));
                });
        if (status.isSuccess()) {
            // A stream that fails passes host functions by.
            stream.whenReached(reached -> {
                if (!reached.isSuccess() && begun.compareAndSet(false, true)) {
                    sink.completed(reached);
                }
            });
        }
        return status;
    }

    private CudaStatus readAtOnce() {
        context.makeCurrent();
        MemorySegment buffer = context.staging().take().valueOrNull();
        if (buffer == null) {
            return CudaStatus.OUT_OF_MEMORY;
        }
        CudaStatus status = copy(stream, buffer, 0, region.packedBytes());
        stream.whenReached(reached -> {
            if (reached.isSuccess()) {
                sink.accept(bytes(buffer, (int) region.packedBytes()), 0);
            }
            context.staging().giveBack(buffer);
            sink.completed(reached);
        });
        return status;
    }

    private void readInPieces(Runnable release) {
        context.makeCurrent();
        CudaStatus status;
        try {
            status = copyAll();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            status = CudaStatus.UNKNOWN;
        } finally {
            release.run();
        }
        sink.completed(status);
    }

    private CudaStatus copyAll() throws InterruptedException {
        Outcome<GpuStream> own = context.createStream(1, 0);
        if (!(own.valueOrNull() instanceof CudaGpuStream copies)) {
            return own.status();
        }
        try (copies) {
            ArrayBlockingQueue<MemorySegment> free = new ArrayBlockingQueue<>(BUFFERS);
            ArrayBlockingQueue<Full> full = new ArrayBlockingQueue<>(BUFFERS);
            for (int i = 0; i < BUFFERS; i++) {
                MemorySegment buffer = context.staging().take().valueOrNull();
                if (buffer == null) {
                    return CudaStatus.OUT_OF_MEMORY;
                }
                free.add(buffer);
            }
            CudaStatus status = pump(copies, free, full);
            free.forEach(context.staging()::giveBack);
            return status;
        }
    }

    private CudaStatus pump(
            CudaGpuStream copies,
            ArrayBlockingQueue<MemorySegment> free,
            ArrayBlockingQueue<Full> full)
            throws InterruptedException {
        long total = region.packedBytes();
        long asked = 0;
        CudaStatus status = CudaStatus.SUCCESS;
        for (long given = 0; given < total || free.size() < BUFFERS; ) {
            while (asked < total && status.isSuccess() && !free.isEmpty()) {
                MemorySegment buffer = free.take();
                long offset = asked;
                int bytes = (int) Math.min(Staging.BUFFER_BYTES, total - asked);
                copy(copies, buffer, offset, bytes);
                copies.whenReached(reached -> full.add(new Full(buffer, offset, bytes, reached)));
                asked += bytes;
            }
            if (free.size() == BUFFERS) {
                return status;
            }
            Full next = full.take();
            status = status.isSuccess() ? next.status() : status;
            if (status.isSuccess()) {
                sink.accept(bytes(next.buffer(), next.bytes()), next.packedOffset());
            }
            given += next.bytes();
            free.add(next.buffer());
        }
        return status;
    }

    private CudaStatus copy(
            CudaGpuStream through, MemorySegment buffer, long packedOffset, long bytes) {
        return RegionPieces.forEach(
                region,
                packedOffset,
                bytes,
                (offset, packed, run) ->
                        through.copyToHost(buffer.asSlice(packed), source + offset, run));
    }

    private static ByteBuffer bytes(MemorySegment buffer, int count) {
        return buffer.asSlice(0, count).asByteBuffer();
    }
}
