package org.bitfusion.gpu.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.ReadSink;
import org.bitfusion.gpu.Region;
import org.bitfusion.gpu.StagingMemory;

/// A read through pinned memory, in the stream's order. Large reads go piece by piece through a few
/// buffers: a piece is handed to the driver when the sink has emptied its buffer, and what follows
/// in the stream comes behind the last one. So device and network work at once, memory stays
/// bounded, and no thread of the driver waits for the network.
final class StagedRead {
    private static final int MOST_BUFFERS = 4;

    private final CudaGpuStream stream;
    private final long source;
    private final Region region;
    private final ReadSink sink;
    private final List<StagingMemory.Slice> buffers = new ArrayList<>();
    private volatile long emptied;
    private CudaStatus status = CudaStatus.SUCCESS;

    StagedRead(CudaGpuStream stream, long source, Region region, ReadSink sink) {
        this.stream = stream;
        this.source = source;
        this.region = RegionBoxes.plane(region);
        this.sink = sink;
    }

    private long total() {
        return region.packedBytes();
    }

    private long pieces() {
        return Math.max(1, (total() + Staging.BUFFER_BYTES - 1) / Staging.BUFFER_BYTES);
    }

    /// @return why there is nothing to read, and then the sink is not told
    CudaStatus start() {
        CudaGpuContext context = stream.context();
        context.makeCurrent();
        while (buffers.size() < Math.min(MOST_BUFFERS, pieces())) {
            Outcome<StagingMemory.Slice> buffer =
                    context.staging().take((int) Math.min(Staging.BUFFER_BYTES, total()));
            if (!buffer.status().isSuccess()) {
                giveBuffersBack();
                return context.noted(buffer.status());
            }
            buffers.add(buffer.value());
        }
        CudaStatus first = CudaStatus.SUCCESS;
        for (long piece = 0; piece < pieces() && first.isSuccess(); piece++) {
            first = start(piece);
        }
        return first;
    }

    private CudaStatus start(long piece) {
        long offset = piece * Staging.BUFFER_BYTES;
        long bytes = Math.min(Staging.BUFFER_BYTES, total() - offset);
        MemorySegment buffer = buffers.get((int) (piece % buffers.size())).bytes();
        CudaStatus taken =
                stream.submitAndMark(
                        () -> copy(buffer, offset, bytes),
                        () -> piece < emptied + buffers.size(),
                        reached -> copied(piece, buffer, offset, (int) bytes, reached));
        if (taken.isSuccess()) {
            return taken;
        }
        if (piece == 0) {
            giveBuffersBack();
            return taken;
        }
        stream.whenReached(_ -> end(taken));
        return CudaStatus.SUCCESS;
    }

    private CudaStatus copy(MemorySegment buffer, long packedOffset, long bytes) {
        return RegionBoxes.forEach(
                region,
                packedOffset,
                bytes,
                (offset, packed, width, rows) ->
                        rows == 1
                                ? stream.copyToHost(buffer.asSlice(packed), source + offset, width)
                                : BoxCopy.enqueue(
                                        BoxCopy.End.host(buffer.address() + packed, width, rows),
                                        BoxCopy.End.device(source + offset, region.pitch(), rows),
                                        width,
                                        rows,
                                        1,
                                        stream.handle()));
    }

    /// On the stream's thread, in order.
    private void copied(
            long piece, MemorySegment buffer, long offset, int bytes, CudaStatus reached) {
        if (status.isSuccess()) {
            status = reached;
        }
        if (status.isSuccess()) {
            sink.accept(buffer.asSlice(0, bytes).asByteBuffer(), offset);
        }
        emptied = piece + 1;
        if (piece == pieces() - 1) {
            end(status);
        }
    }

    private void end(CudaStatus outcome) {
        giveBuffersBack();
        sink.completed(outcome);
    }

    private void giveBuffersBack() {
        buffers.forEach(stream.context().staging()::giveBack);
        buffers.clear();
    }
}
