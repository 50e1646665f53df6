package org.bitfusion.gpu.cuda;

import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.Region;

/// Cuts part of a region's packed form into runs that are contiguous in memory too.
final class RegionPieces {
    /// One run.
    @FunctionalInterface
    interface Piece {
        /// @param offset from the region's first byte
        /// @param packed position among the bytes asked for
        CudaStatus copy(long offset, long packed, long bytes);
    }

    private RegionPieces() {}

    /// Calls for each run of `[packedOffset, packedOffset + bytes)`; stops at the first error.
    static CudaStatus forEach(Region region, long packedOffset, long bytes, Piece piece) {
        if (region.isContiguous()) {
            return bytes == 0 ? CudaStatus.SUCCESS : piece.copy(packedOffset, 0, bytes);
        }
        CudaStatus status = CudaStatus.SUCCESS;
        for (long done = 0; done < bytes && status.isSuccess(); ) {
            long at = packedOffset + done;
            long row = at / region.widthBytes();
            long column = at % region.widthBytes();
            long offset =
                    row / region.height() * region.slicePitch()
                            + row % region.height() * region.pitch()
                            + column;
            long run = Math.min(region.widthBytes() - column, bytes - done);
            status = piece.copy(offset, done, run);
            done += run;
        }
        return status;
    }
}
