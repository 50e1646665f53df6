package org.bitfusion.gpu.cuda;

import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.Region;

/// Cuts part of a region's packed form into boxes that one call of the driver copies: rows of equal
/// width at equal distances.
final class RegionBoxes {
    /// One box: `rows` rows of `width` bytes.
    @FunctionalInterface
    interface Box {
        /// @param offset from the region's first byte
        /// @param packed position among the bytes asked for
        CudaStatus copy(long offset, long packed, long width, long rows);
    }

    private RegionBoxes() {}

    /// Calls for each box of `[packedOffset, packedOffset + bytes)`; stops at the first error. The
    /// rows of a box lie [Region#pitch] apart in memory, of the region that [#plane] gives.
    static CudaStatus forEach(Region region, long packedOffset, long bytes, Box box) {
        if (bytes == 0) {
            return CudaStatus.SUCCESS;
        }
        if (region.isContiguous()) {
            return box.copy(packedOffset, 0, bytes, 1);
        }
        long width = region.widthBytes();
        CudaStatus status = CudaStatus.SUCCESS;
        for (long done = 0; done < bytes && status.isSuccess(); ) {
            long at = packedOffset + done;
            long row = at / width;
            long column = at % width;
            long rowOfSlice = row % region.height();
            long offset =
                    row / region.height() * region.slicePitch()
                            + rowOfSlice * region.pitch()
                            + column;
            boolean part = column != 0 || bytes - done < width;
            long run = part ? Math.min(width - column, bytes - done) : width;
            long rows = part ? 1 : Math.min(region.height() - rowOfSlice, (bytes - done) / width);
            status = box.copy(offset, done, run, rows);
            done += run * rows;
        }
        return status;
    }

    /// The same bytes with as few slices as possible: slices of one row each are rows of one slice.
    static Region plane(Region region) {
        return region.height() == 1 && region.depth() > 1
                ? Region.plane(region.widthBytes(), region.depth(), region.slicePitch())
                : region;
    }
}
