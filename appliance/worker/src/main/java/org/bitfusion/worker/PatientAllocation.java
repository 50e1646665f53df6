package org.bitfusion.worker;

import java.util.function.Consumer;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuMemory;
import org.bitfusion.gpu.Outcome;

/// An allocation that is refused is tried once more: memory that was freed may still be held by
/// work in flight, which the allocation waits for, though nothing else does; or it was held only
/// until now.
final class PatientAllocation {
    private PatientAllocation() {}

    /// @param told once, perhaps by another thread
    static void of(GpuMemory memory, long bytes, long alignment, Consumer<Outcome<Long>> told) {
        Outcome<Long> first = memory.allocate(bytes, alignment);
        if (first.status() != CudaStatus.OUT_OF_MEMORY) {
            told.accept(first);
            return;
        }
        Runnable again = () -> told.accept(memory.allocate(bytes, alignment));
        if (!memory.whenFreed(_ -> again.run())) {
            again.run();
        }
    }
}
