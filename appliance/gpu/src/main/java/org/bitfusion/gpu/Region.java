package org.bitfusion.gpu;

/// A box of bytes in memory: `depth` slices of `height` rows of `widthBytes` bytes.
///
/// @param pitch bytes from one row to the next
/// @param slicePitch bytes from one slice to the next
public record Region(long widthBytes, long height, long depth, long pitch, long slicePitch) {
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
        return packedBytes() == 0
                ? 0
                : (depth - 1) * slicePitch + (height - 1) * pitch + widthBytes;
    }

    /// True when no extent is negative and nothing overflows or overlaps itself.
    public boolean isValid() {
        if (widthBytes < 0 || height < 0 || depth < 0 || pitch < 0 || slicePitch < 0) {
            return false;
        }
        if (height > 1 && pitch < widthBytes) {
            return false;
        }
        long limit = 1L << 46;
        return widthBytes <= limit
                && Math.multiplyHigh(pitch, height) == 0
                && pitch * height >= 0
                && pitch * height <= limit
                && Math.multiplyHigh(slicePitch, depth) == 0
                && slicePitch * depth >= 0
                && slicePitch * depth <= limit
                && Math.multiplyHigh(widthBytes * height, depth) == 0
                && widthBytes * height * depth >= 0;
    }
}
