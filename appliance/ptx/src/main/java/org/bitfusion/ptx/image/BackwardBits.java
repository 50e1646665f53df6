package org.bitfusion.ptx.image;

/// A bit stream that is read from its end (RFC 8878, 4.1): the highest set bit of the last byte
/// marks the end.
final class BackwardBits {
    private final byte[] bytes;
    private final int start;
    private long position;

    BackwardBits(byte[] bytes, int start, int end) {
        if (end <= start || bytes[end - 1] == 0) {
            throw new ImageException("zstd: a bit stream without an end mark");
        }
        this.bytes = bytes;
        this.start = start;
        int mark = 31 - Integer.numberOfLeadingZeros(bytes[end - 1] & 0xFF);
        this.position = (end - 1 - start) * 8L + mark;
    }

    /// Bits left; negative when more were read than there are.
    long left() {
        return position;
    }

    /// The next `count` (at most 56) bits without consuming them; zeros beyond the start.
    long peek(int count) {
        long first = position - count;
        long result = 0;
        for (long at = Math.max(0, first) & ~7L; at < position; at += 8) {
            long value = bytes[start + (int) (at >> 3)] & 0xFFL;
            long shift = at - first;
            if (shift >= 64) {
                break;
            }
            result |= shift >= 0 ? value << shift : value >>> -shift;
        }
        return result & ((1L << count) - 1);
    }

    void skip(int count) {
        position -= count;
    }

    long read(int count) {
        long value = peek(count);
        position -= count;
        if (position < -64) {
            throw new ImageException("zstd: a bit stream ends early");
        }
        return value;
    }
}
