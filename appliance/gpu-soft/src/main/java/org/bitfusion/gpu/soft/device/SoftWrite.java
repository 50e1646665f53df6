package org.bitfusion.gpu.soft.device;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.PendingWrite;
import org.bitfusion.gpu.Region;
import org.bitfusion.gpu.StagingMemory;
import org.bitfusion.gpu.soft.memory.Bulk;
import org.jspecify.annotations.Nullable;

/// Bytes on their way into device memory: into their place when the stream is idle and the bytes
/// lie side by side (the stream is held meanwhile), else into a staging buffer.
final class SoftWrite extends ContextOperation implements PendingWrite {
    private final SoftStream stream;
    private final long offset;
    private final Region region;
    private final long packedOffset;
    private final MemorySegment bytes;
    private final StagingMemory.@Nullable Slice staging;
    private @Nullable Completion landed;

    private SoftWrite(
            SoftStream stream,
            long offset,
            Region region,
            long packedOffset,
            MemorySegment bytes,
            StagingMemory.@Nullable Slice staging) {
        super((SoftContext) stream.context());
        this.stream = stream;
        this.offset = offset;
        this.region = region;
        this.packedOffset = packedOffset;
        this.bytes = bytes;
        this.staging = staging;
    }

    static Outcome<PendingWrite> begin(
            SoftStream stream, long offset, Region region, long packedOffset, int byteCount) {
        SoftContext context = (SoftContext) stream.context();
        if (region.isContiguous() && context.error().isSuccess()) {
            MemorySegment place =
                    context.window().segment().asSlice(offset + packedOffset, byteCount);
            SoftWrite direct = new SoftWrite(stream, offset, region, packedOffset, place, null);
            if (stream.queue().tryHold(direct, stream.before())) {
                return Outcome.of(direct);
            }
        }
        if (byteCount > StagingMemory.PIECE_BYTES) {
            return Outcome.failed(CudaStatus.INVALID_VALUE);
        }
        return context.staging()
                .take(byteCount)
                .map(slice ->
                        new SoftWrite(stream, offset, region, packedOffset, slice.bytes(), slice));
    }

    @Override
    public ByteBuffer buffer() {
        return bytes.asByteBuffer();
    }

    @Override
    public CudaStatus commit(Completion whenLanded) {
        if (staging == null) {
            stream.queue().finish(this);
            whenLanded.completed(CudaStatus.SUCCESS);
        } else {
            landed = whenLanded;
            stream.submit(this, bytes.byteSize() <= SoftStream.INLINE_BYTES);
        }
        return CudaStatus.SUCCESS;
    }

    @Override
    public void cancel() {
        if (staging == null) {
            stream.queue().finish(this);
        } else {
            context.staging().give(staging);
        }
    }

    @Override
    boolean run() {
        Bulk.unpack(bytes, context.window().segment(), offset, region, packedOffset);
        done(CudaStatus.SUCCESS);
        return true;
    }

    @Override
    void dropped(CudaStatus status) {
        done(status);
    }

    private void done(CudaStatus status) {
        if (staging != null) {
            context.staging().give(staging);
        }
        if (landed != null) {
            landed.completed(status);
        }
    }
}
