package org.bitfusion.scheduler.pool;

import java.util.UUID;

/// A GPU of an appliance.
///
/// @param index its number on the appliance, unique there
/// @param name as the driver tells it, for example `NVIDIA A100-PCIE-40GB`
/// @param memoryMiB what the appliance serves of its memory, 1 to [#MEMORY_LIMIT_MIB]
/// @param reservedMiB what something other than the pool's leases holds of it now, 0 or more:
///   sessions without a lease, or whatever else the appliance's own ledger knows of. It may be more
///   than is there.
public record Gpu(int index, UUID uuid, String name, int memoryMiB, int reservedMiB) {
    /// 16 TiB: sums of what is promised of a GPU stay far within an `int`.
    public static final int MEMORY_LIMIT_MIB = 1 << 24;

    public Gpu {
        if (index < 0) {
            throw new IllegalArgumentException("index: " + index + " (expected: 0 or more)");
        }
        if (memoryMiB < 1 || memoryMiB > MEMORY_LIMIT_MIB) {
            throw new IllegalArgumentException(
                    "memoryMiB: " + memoryMiB + " (expected: 1 to " + MEMORY_LIMIT_MIB + ")");
        }
        if (reservedMiB < 0 || reservedMiB > MEMORY_LIMIT_MIB) {
            throw new IllegalArgumentException(
                    "reservedMiB: " + reservedMiB + " (expected: 0 to " + MEMORY_LIMIT_MIB + ")");
        }
    }

    public Gpu withReserved(int nowReservedMiB) {
        return new Gpu(index, uuid, name, memoryMiB, nowReservedMiB);
    }
}
