package org.bitfusion.gpu.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.bitfusion.gpu.CudaStatus;

/// A copy of rows in one call, by CUDA_MEMCPY3D (cuda.h).
final class BoxCopy {
    private static final int BYTES = 200;
    private static final int SOURCE = 32;
    private static final int DESTINATION = 120;
    private static final int WIDTH = 176;
    private static final int HOST = 1;
    private static final int DEVICE = 2;

    /// One end of a copy: rows `pitch` apart, slices of `rows` rows, which are no fewer than those
    /// that are copied.
    ///
    /// @param isDevice device memory, not this process's pinned memory
    record End(boolean isDevice, long address, long pitch, long rows) {
        static End device(long address, long pitch, long rows) {
            return new End(true, address, pitch, rows);
        }

        static End host(long address, long pitch, long rows) {
            return new End(false, address, pitch, rows);
        }
    }

    private BoxCopy() {}

    static CudaStatus enqueue(End to, End from, long width, long height, long depth, long stream) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(BYTES, 8);
            put(copy, SOURCE, from);
            put(copy, DESTINATION, to);
            copy.set(ValueLayout.JAVA_LONG, WIDTH, width);
            copy.set(ValueLayout.JAVA_LONG, WIDTH + 8, height);
            copy.set(ValueLayout.JAVA_LONG, WIDTH + 16, depth);
            return CudaStatus.of(CudaLibrary.cuMemcpy3DAsync_v2(copy, stream));
        }
    }

    /// Memory type, host address, device address, array, reserved, pitch, height.
    private static void put(MemorySegment copy, long at, End end) {
        copy.set(ValueLayout.JAVA_INT, at, end.isDevice() ? DEVICE : HOST);
        copy.set(ValueLayout.JAVA_LONG, at + (end.isDevice() ? 16 : 8), end.address());
        copy.set(ValueLayout.JAVA_LONG, at + 40, end.pitch());
        copy.set(ValueLayout.JAVA_LONG, at + 48, end.rows());
    }
}
