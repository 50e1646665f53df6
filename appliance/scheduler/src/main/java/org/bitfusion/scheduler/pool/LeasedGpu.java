package org.bitfusion.scheduler.pool;

import java.util.UUID;

/// What a lease holds of one GPU.
///
/// @param gpuIndex its number on the appliance
/// @param memoryMiB at least 1
public record LeasedGpu(UUID appliance, int gpuIndex, int memoryMiB) {
    public LeasedGpu {
        if (memoryMiB < 1 || memoryMiB > Gpu.MEMORY_LIMIT_MIB) {
            throw new IllegalArgumentException(
                    "memoryMiB: %d (expected: 1 to %d)".formatted(memoryMiB, Gpu.MEMORY_LIMIT_MIB));
        }
    }

    /// Whether both are of one GPU, however much.
    public boolean isSameGpu(LeasedGpu other) {
        return gpuIndex == other.gpuIndex && appliance.equals(other.appliance);
    }
}
