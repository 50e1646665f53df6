package org.bitfusion.worker;

import java.util.function.Consumer;
import java.util.function.Supplier;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuMemory;
import org.bitfusion.gpu.GpuPool;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.Outcome;

/// An allocation that is refused is tried once more: memory that was freed may still be held by
/// work in flight, which the allocation waits for, though nothing else does; or it was held only
/// until now.
final class PatientAllocation {
    private PatientAllocation() {}

    /// @param told once, perhaps by another thread
    static void of(GpuMemory memory, long bytes, long alignment, Consumer<Outcome<Long>> told) {
        of(memory, () -> memory.allocate(bytes, alignment), told);
    }

    /// The same of a pool, in a stream's order.
    ///
    /// @param pool of this memory
    static void of(
            GpuMemory memory,
            GpuStream stream,
            GpuPool pool,
            long bytes,
            Consumer<Outcome<Long>> told) {
        of(memory, () -> memory.allocateAsync(stream, pool, bytes), told);
    }

    private static void of(
            GpuMemory memory, Supplier<Outcome<Long>> attempt, Consumer<Outcome<Long>> told) {
        Outcome<Long> first = attempt.get();
        if (first.status() != CudaStatus.OUT_OF_MEMORY) {
            told.accept(first);
            return;
        }
        Runnable again = () -> told.accept(attempt.get());
        if (!memory.whenFreed(_ -> again.run())) {
            again.run();
        }
    }
}
