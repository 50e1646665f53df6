package org.bitfusion.gpu.soft.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.bitfusion.gpu.Region;

/// Copies and fills in the window. Offsets are positions in the segment; who calls has checked that
/// they are live.
public final class Bulk {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    private Bulk() {}

    /// Copies a box; overlapping runs of bytes are copied as if through a buffer.
    public static void copy(
            MemorySegment memory, long to, Region toRegion, long from, Region fromRegion) {
        if (toRegion.isContiguous() && fromRegion.isContiguous()) {
            MemorySegment.copy(memory, from, memory, to, toRegion.packedBytes());
            return;
        }
        for (long slice = 0; slice < toRegion.depth(); slice++) {
            long toSlice = to + slice * toRegion.slicePitch();
            long fromSlice = from + slice * fromRegion.slicePitch();
            for (long row = 0; row < toRegion.height(); row++) {
                MemorySegment.copy(
                        memory,
                        fromSlice + row * fromRegion.pitch(),
                        memory,
                        toSlice + row * toRegion.pitch(),
                        toRegion.widthBytes());
            }
        }
    }

    /// Copies packed bytes to their places in a box.
    ///
    /// @param packedOffset position of the first byte in the packed form of the region
    public static void unpack(
            MemorySegment packed, MemorySegment memory, long to, Region region, long packedOffset) {
        move(packed, memory, to, region, packedOffset, true);
    }

    /// Copies bytes of a box into a packed buffer.
    public static void pack(
            MemorySegment packed,
            MemorySegment memory,
            long from,
            Region region,
            long packedOffset) {
        move(packed, memory, from, region, packedOffset, false);
    }

    private static void move(
            MemorySegment packed,
            MemorySegment memory,
            long start,
            Region region,
            long packedOffset,
            boolean intoMemory) {
        long done = 0;
        long width = region.isContiguous() ? region.packedBytes() : region.widthBytes();
        while (done < packed.byteSize()) {
            long at = packedOffset + done;
            long row = at / width; // always 0 when contiguous
            long column = at % width;
            long count = Math.min(width - column, packed.byteSize() - done);
            long place =
                    start
                            + row / region.height() * region.slicePitch()
                            + row % region.height() * region.pitch()
                            + column;
            if (intoMemory) {
                MemorySegment.copy(packed, done, memory, place, count);
            } else {
                MemorySegment.copy(memory, place, packed, done, count);
            }
            done += count;
        }
    }

    /// Fills rows with a value of `elementBytes` (1, 2 or 4) bytes.
    public static void fill(
            MemorySegment memory,
            long to,
            int value,
            int elementBytes,
            long pitch,
            long columns,
            long rows) {
        long pattern = pattern(value, elementBytes);
        boolean bytesOnly = pattern == (pattern & 0xff) * 0x0101010101010101L;
        long bytes = columns * elementBytes;
        for (long row = 0; row < rows; row++) {
            long start = to + row * pitch;
            if (bytesOnly && bytes > 256) {
                memory.asSlice(start, bytes).fill((byte) pattern);
            } else {
                fillRow(memory, start, pattern, bytes);
            }
        }
    }

    private static long pattern(int value, int elementBytes) {
        return switch (elementBytes) {
            case 1 -> (value & 0xffL) * 0x0101010101010101L;
            case 2 -> (value & 0xffffL) * 0x0001000100010001L;
            default -> (value & 0xffffffffL) * 0x0000000100000001L;
        };
    }

    private static void fillRow(MemorySegment memory, long start, long pattern, long bytes) {
        long at = 0;
        for (; at + 8 <= bytes; at += 8) {
            memory.set(LONG, start + at, pattern);
        }
        if ((bytes & 4) != 0) {
            memory.set(INT, start + at, (int) pattern);
            at += 4;
        }
        if ((bytes & 2) != 0) {
            memory.set(SHORT, start + at, (short) pattern);
            at += 2;
        }
        if ((bytes & 1) != 0) {
            memory.set(ValueLayout.JAVA_BYTE, start + at, (byte) pattern);
        }
    }
}
