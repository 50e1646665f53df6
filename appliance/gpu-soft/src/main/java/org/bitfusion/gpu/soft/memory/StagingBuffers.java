package org.bitfusion.gpu.soft.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.List;
import java.util.stream.Stream;

/// Buffers for bytes that cannot go straight to their place. Kept for reuse: as many exist as were
/// ever in use at once, which the client's flow control bounds. Thread-safe.
public final class StagingBuffers {
    private static final long[] SIZES = {4L << 10, 64L << 10, 1L << 20};

    private final List<ArrayDeque<MemorySegment>> idle =
            Stream.generate(ArrayDeque<MemorySegment>::new).limit(SIZES.length).toList();

    /// A buffer of at least `bytes`; a very large one is made for this use only.
    public MemorySegment take(long bytes) {
        int index = sizeClass(bytes);
        if (index == SIZES.length) {
            return Arena.ofAuto().allocate(bytes, 64);
        }
        synchronized (idle) {
            MemorySegment buffer = idle.get(index).poll();
            if (buffer != null) {
                return buffer;
            }
        }
        return Arena.ofAuto().allocate(SIZES[index], 64);
    }

    public void give(MemorySegment buffer) {
        int index = sizeClass(buffer.byteSize());
        if (index < SIZES.length) {
            synchronized (idle) {
                idle.get(index).push(buffer);
            }
        }
    }

    private static int sizeClass(long bytes) {
        int index = 0;
        while (index < SIZES.length && SIZES[index] < bytes) {
            index++;
        }
        return index;
    }
}
