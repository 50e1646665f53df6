package org.bitfusion.gpu.soft.interpreter;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.bitfusion.gpu.soft.execution.KernelFault;
import org.bitfusion.gpu.soft.execution.LaunchContext;
import org.jspecify.annotations.Nullable;

/// The launch's segment, read and written by size. Offsets are checked by the segment, alignment
/// here.
final class Memory {
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final VarHandle INT_HANDLE =
            ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
    static final VarHandle LONG_HANDLE =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final VarHandle SHORT_HANDLE =
            ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final VarHandle BYTE_HANDLE = ValueLayout.JAVA_BYTE.varHandle();

    final MemorySegment segment;
    final long windowBase;
    private final LaunchContext.@Nullable AccessCheck check;

    Memory(LaunchContext launch) {
        this.segment = launch.memory();
        this.windowBase = launch.windowBase();
        this.check = launch.accessCheck();
    }

    /// Offset in the segment of a global or generic address.
    long generic(long address, int byteCount) {
        align(address, byteCount);
        if (check != null) {
            check.check(address, byteCount);
        }
        long offset = address - windowBase;
        if (offset < 0 || offset > segment.byteSize() - byteCount) {
            throw KernelFault.outside(address);
        }
        return offset;
    }

    static void align(long address, int byteCount) {
        if ((address & (byteCount - 1)) != 0) {
            throw new KernelFault(
                    KernelFault.MISALIGNED_ADDRESS,
                    "address 0x%x is not a multiple of %d".formatted(address, byteCount));
        }
    }

    /// `byteCount` (1, 2, 4, 8) bytes, zero-extended.
    long load(long offset, int byteCount) {
        return switch (byteCount) {
            case 1 -> segment.get(BYTE, offset) & 0xFFL;
            case 2 -> segment.get(SHORT, offset) & 0xFFFFL;
            case 4 -> segment.get(INT, offset) & 0xFFFF_FFFFL;
            default -> segment.get(LONG, offset);
        };
    }

    void store(long offset, int byteCount, long value) {
        switch (byteCount) {
            case 1 -> segment.set(BYTE, offset, (byte) value);
            case 2 -> segment.set(SHORT, offset, (short) value);
            case 4 -> segment.set(INT, offset, (int) value);
            default -> segment.set(LONG, offset, value);
        }
    }

    /// A load that other threads' stores cannot be reordered around.
    long loadVolatile(long offset, int byteCount) {
        return switch (byteCount) {
            case 1 -> (byte) BYTE_HANDLE.getVolatile(segment, offset) & 0xFFL;
            case 2 -> (short) SHORT_HANDLE.getVolatile(segment, offset) & 0xFFFFL;
            case 4 -> (int) INT_HANDLE.getVolatile(segment, offset) & 0xFFFF_FFFFL;
            default -> (long) LONG_HANDLE.getVolatile(segment, offset);
        };
    }

    void storeVolatile(long offset, int byteCount, long value) {
        switch (byteCount) {
            case 1 -> BYTE_HANDLE.setVolatile(segment, offset, (byte) value);
            case 2 -> SHORT_HANDLE.setVolatile(segment, offset, (short) value);
            case 4 -> INT_HANDLE.setVolatile(segment, offset, (int) value);
            default -> LONG_HANDLE.setVolatile(segment, offset, value);
        }
    }

    /// Compares and sets; answers the value found, zero-extended. Loads first, as only a load of a
    /// dead page is an error that the JVM's interpreter survives (docs/decisions/0003).
    long compareAndExchange(long offset, int byteCount, long expected, long value) {
        loadVolatile(byteCount == 2 ? offset & -4L : offset, Math.max(4, byteCount));
        return switch (byteCount) {
            case 2 -> exchangeShort(offset, expected, value);
            case 4 ->
                    (int)
                                    INT_HANDLE.compareAndExchange(
                                            segment, offset, (int) expected, (int) value)
                            & 0xFFFF_FFFFL;
            default -> (long) LONG_HANDLE.compareAndExchange(segment, offset, expected, value);
        };
    }

    private long exchangeShort(long offset, long expected, long value) {
        long word = offset & -4L;
        int shift = (int) (offset & 2) * 8;
        while (true) {
            int old = (int) INT_HANDLE.getVolatile(segment, word);
            long found = (old >>> shift) & 0xFFFFL;
            if (found != (expected & 0xFFFF)) {
                return found;
            }
            int wanted = (old & ~(0xFFFF << shift)) | (int) (value & 0xFFFF) << shift;
            if (INT_HANDLE.compareAndSet(segment, word, old, wanted)) {
                return found;
            }
        }
    }

    void copy(long from, long to, long byteCount) {
        MemorySegment.copy(segment, from, segment, to, byteCount);
    }
}
