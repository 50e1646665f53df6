package org.bitfusion.gpu.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import org.bitfusion.gpu.Outcome;

/// Pinned host buffers of one size, used again and again: copies through them run beside the
/// network. Thread-safe.
final class Staging {
    /// One frame's payload, and a piece of a large read.
    static final int BUFFER_BYTES = 1 << 20;

    private final ArrayDeque<MemorySegment> free = new ArrayDeque<>();

    /// A buffer of [#BUFFER_BYTES]; the context must be current. The sender's window bounds how
    /// many are out.
    Outcome<MemorySegment> take() {
        synchronized (this) {
            MemorySegment buffer = free.poll();
            if (buffer != null) {
                return Outcome.of(buffer);
            }
        }
        return Scratch.longFrom(room -> CudaLibrary.cuMemHostAlloc(room, BUFFER_BYTES, 0))
                .map(address -> MemorySegment.ofAddress(address).reinterpret(BUFFER_BYTES));
    }

    synchronized void giveBack(MemorySegment buffer) {
        free.push(buffer);
    }

    /// Unpins what is not in use.
    synchronized void releaseAll() {
        while (!free.isEmpty()) {
            DriverCall.checked("cuMemFreeHost", CudaLibrary.cuMemFreeHost(free.pop()));
        }
    }
}
