package org.bitfusion.gpu.soft.device;

import java.lang.foreign.MemorySegment;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.ReadSink;
import org.bitfusion.gpu.Region;
import org.bitfusion.gpu.StagingMemory;
import org.bitfusion.gpu.soft.memory.Bulk;

/// Gives the bytes of a region to a sink: device memory itself where the bytes lie side by side,
/// else packed pieces.
final class SoftRead extends ContextOperation {
    private static final long PIECE = StagingMemory.PIECE_BYTES;

    private final long offset;
    private final Region region;
    private final ReadSink sink;
    private volatile CudaStatus end = CudaStatus.SUCCESS;

    SoftRead(SoftContext context, long offset, Region region, ReadSink sink) {
        super(context);
        this.offset = offset;
        this.region = region;
        this.sink = sink;
    }

    @Override
    boolean run() {
        MemorySegment memory = context.window().segment();
        long total = region.packedBytes();
        if (region.isContiguous()) {
            for (long at = 0; at < total; at += PIECE) {
                long count = Math.min(PIECE, total - at);
                sink.acceptLasting(
                        memory.asSlice(offset + at, count).asByteBuffer().asReadOnlyBuffer(), at);
            }
            sink.settle();
        } else {
            StagingMemory.Slice slice =
                    context.staging().takeAtOnce((int) Math.min(PIECE, total)).value();
            for (long at = 0; at < total; at += PIECE) {
                MemorySegment piece = slice.bytes().asSlice(0, Math.min(PIECE, total - at));
                Bulk.pack(piece, memory, offset, region, at);
                sink.accept(piece.asByteBuffer().asReadOnlyBuffer(), at);
            }
            context.staging().give(slice);
        }
        return true;
    }

    @Override
    void dropped(CudaStatus status) {
        end = status;
    }

    /// Tells the sink the end, when the stream is past this.
    void tellEnd() {
        sink.completed(end);
    }
}
