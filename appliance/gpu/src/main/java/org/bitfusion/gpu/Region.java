package org.bitfusion.gpu;

/// A box of bytes in memory: `depth` slices of `height` rows of `widthBytes` bytes.
///
/// @param pitch bytes from one row to the next
/// @param slicePitch bytes from one slice to the next
public record Region(long widthBytes, long height, long depth, long pitch, long slicePitch) {
    private static final long MOST_BYTES = 1L << 46;

    /// One run of bytes.
    public static Region linear(long bytes) {
        return new Region(bytes, 1, 1, bytes, bytes);
    }

    /// Rows of one plane.
    public static Region plane(long widthBytes, long height, long pitch) {
        return new Region(widthBytes, height, 1, pitch, pitch * height);
    }

    /// Bytes of data without the gaps.
    public long packedBytes() {
        return widthBytes * height * depth;
    }

    /// True when the rows follow each other without gaps.
    public boolean isContiguous() {
        return (height == 1 || pitch == widthBytes)
                && (depth == 1 || slicePitch == widthBytes * height);
    }

    /// Bytes from the first to behind the last, gaps included; 0 when the box is empty.
    public long spanBytes() {
        return isEmpty() ? 0 : (depth - 1) * slicePitch + (height - 1) * pitch + widthBytes;
    }

    /// True when no extent is negative and nothing overflows or overlaps itself. A pitch of a
    /// single row, or slice, does not matter.
    public boolean isValid() {
        if (widthBytes < 0 || height < 0 || depth < 0) {
            return false;
        }
        if (isEmpty()) {
            return true;
        }
        long slice = span(height, pitch, widthBytes);
        return slice >= 0 && span(depth, slicePitch, slice) >= 0;
    }

    private boolean isEmpty() {
        return widthBytes == 0 || height == 0 || depth == 0;
    }

    /// From the first to behind the last of so many pieces; -1 when they overlap or reach too far.
    private static long span(long count, long step, long bytes) {
        if (bytes > MOST_BYTES) {
            return -1;
        }
        if (count == 1) {
            return bytes;
        }
        boolean apart = step >= bytes && step <= MOST_BYTES / (count - 1);
        long all = (count - 1) * step + bytes;
        return apart && all <= MOST_BYTES ? all : -1;
    }
}
