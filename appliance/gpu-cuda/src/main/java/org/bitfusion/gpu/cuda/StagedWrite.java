package org.bitfusion.gpu.cuda;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.PendingWrite;
import org.bitfusion.gpu.Region;
import org.bitfusion.gpu.StagingMemory;

/// A write to device memory whose bytes wait in pinned memory for their place in the stream.
final class StagedWrite implements PendingWrite {
    private final CudaGpuStream stream;
    private final StagingMemory.Slice slice;
    private final MemorySegment staged;
    private final long destination;
    private final Region region;
    private final long packedOffset;
    private final ByteBuffer buffer;

    StagedWrite(
            CudaGpuStream stream,
            StagingMemory.Slice slice,
            long destination,
            Region region,
            long packedOffset) {
        this.stream = stream;
        this.slice = slice;
        this.staged = slice.bytes();
        this.destination = destination;
        this.region = region;
        this.packedOffset = packedOffset;
        this.buffer = staged.asByteBuffer();
    }

    @Override
    public ByteBuffer buffer() {
        return buffer;
    }

    @Override
    public CudaStatus commit(Completion landed) {
        Completion end =
                reached -> {
                    stream.context().staging().giveBack(slice);
                    landed.completed(reached);
                };
        CudaStatus status = stream.submitAndMark(this::copy, StreamQueue.READY, end);
        if (!status.isSuccess()) {
            // The driver may have taken part of it.
            stream.whenReached(end);
        }
        return status;
    }

    private CudaStatus copy() {
        return RegionBoxes.forEach(
                region,
                packedOffset,
                buffer.capacity(),
                (offset, packed, width, rows) ->
                        rows == 1
                                ? CudaStatus.of(
                                        CudaLibrary.cuMemcpyHtoDAsync_v2(
                                                destination + offset,
                                                staged.asSlice(packed),
                                                width,
                                                stream.handle()))
                                : BoxCopy.enqueue(
                                        BoxCopy.End.device(
                                                destination + offset, region.pitch(), rows),
                                        BoxCopy.End.host(staged.address() + packed, width, rows),
                                        width,
                                        rows,
                                        1,
                                        stream.handle()));
    }

    @Override
    public void cancel() {
        stream.context().staging().giveBack(slice);
    }
}
