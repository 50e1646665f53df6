package org.bitfusion.gpu.cuda;

import java.lang.foreign.MemorySegment;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.StagingMemory;

/// Pinned host memory, used again and again: copies through it run beside the network. Thread-safe;
/// the context must be current where memory is taken.
final class Staging {
    /// One frame's payload, and a piece of a large read.
    static final int BUFFER_BYTES = StagingMemory.PIECE_BYTES;

    private final StagingMemory memory = new StagingMemory(Staging::pin);

    private static Outcome<MemorySegment> pin() {
        return Scratch.longFrom(room -> CudaLibrary.cuMemHostAlloc(room, BUFFER_BYTES, 0))
                .map(address -> MemorySegment.ofAddress(address).reinterpret(BUFFER_BYTES));
    }

    /// @see StagingMemory#take
    Outcome<StagingMemory.Slice> take(int bytes) {
        return memory.take(bytes);
    }

    void giveBack(StagingMemory.Slice slice) {
        memory.give(slice);
    }

    /// Unpins what is not in use.
    void releaseAll() {
        for (MemorySegment piece : memory.removeIdle()) {
            DriverCall.checked("cuMemFreeHost", CudaLibrary.cuMemFreeHost(piece));
        }
    }
}
