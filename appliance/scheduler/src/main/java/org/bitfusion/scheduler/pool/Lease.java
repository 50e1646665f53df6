package org.bitfusion.scheduler.pool;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// GPUs, or shares of them, that a client holds.
///
/// @param client who holds it
/// @param parent the lease out of whose share it is cut, null if it is of the pool itself. A lease
///   with a parent takes nothing from the pool, is at most as large as its parent, and ends with
///   it.
/// @param gpus in the order in which the client sees them, each once
public record Lease(
        UUID id, String client, Origin origin, @Nullable UUID parent, List<LeasedGpu> gpus) {

    /// What made it.
    public enum Origin {
        /// `bitfusion run`, which stays and renews it.
        RUN,
        /// `bitfusion request_gpus`, which ends while the lease goes on.
        REQUEST_GPUS
    }

    public Lease {
        gpus = List.copyOf(gpus);
        Set<LeasedGpu> distinct = new HashSet<>();
        for (LeasedGpu gpu : gpus) {
            if (!distinct.add(new LeasedGpu(gpu.appliance(), gpu.gpuIndex(), 1))) {
                throw new IllegalArgumentException("gpus: " + gpus + " (expected: each once)");
            }
        }
    }
}
