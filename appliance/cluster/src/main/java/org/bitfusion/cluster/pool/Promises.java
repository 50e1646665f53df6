package org.bitfusion.cluster.pool;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;

/// What one appliance's GPUs are promised to, and the version of that: a grant names the version
/// that it was decided on, and takes place only if nothing else was granted since. Immutable.
///
/// @param byLease what each lease has of this appliance
public record Promises(UUID appliance, int version, Map<UUID, List<LeasedGpu>> byLease) {
    public Promises {
        byLease = Map.copyOf(byLease);
    }

    public int memoryMiB(int gpuIndex) {
        return byLease.values().stream()
                .flatMap(List::stream)
                .filter(gpu -> gpu.gpuIndex() == gpuIndex)
                .mapToInt(LeasedGpu::memoryMiB)
                .sum();
    }

    Promises with(Lease lease) {
        List<LeasedGpu> here = new ArrayList<>();
        for (LeasedGpu gpu : lease.gpus()) {
            if (gpu.appliance().equals(appliance)) {
                here.add(gpu);
            }
        }
        TreeMap<UUID, List<LeasedGpu>> now = new TreeMap<>(byLease);
        now.put(lease.id(), List.copyOf(here));
        return new Promises(appliance, version, now);
    }

    Promises without(UUID lease) {
        TreeMap<UUID, List<LeasedGpu>> now = new TreeMap<>(byLease);
        now.remove(lease);
        return new Promises(appliance, version, now);
    }
}
