package org.bitfusion.cluster.pool;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;

/// What one appliance's GPUs are promised to, and the version of that: a grant names the version
/// that it was decided on, and takes place only if nothing else was granted since. Immutable.
///
/// @param byLease what each lease has of this appliance
/// @param inside what leases with a parent have of it: part of what their parent has
public record Promises(
        UUID appliance,
        int version,
        Map<UUID, List<LeasedGpu>> byLease,
        Map<UUID, List<LeasedGpu>> inside) {
    /// Of one appliance: far more than it has workers for, and few enough that what is promised is
    /// small beside the most that ZooKeeper takes ([PoolConnection#MOST_BYTES]), though a grant
    /// writes that of all its appliances at once.
    public static final int MOST_LEASES = 1024;

    public Promises {
        byLease = Map.copyOf(byLease);
        inside = Map.copyOf(inside);
    }

    public Promises(UUID appliance, int version, Map<UUID, List<LeasedGpu>> byLease) {
        this(appliance, version, byLease, Map.of());
    }

    /// Whether nothing more is to be promised until a lease ends.
    public boolean isFull() {
        return byLease.size() + inside.size() >= MOST_LEASES;
    }

    /// All leases that have something of it.
    public Set<UUID> leases() {
        Set<UUID> leases = new TreeSet<>(byLease.keySet());
        leases.addAll(inside.keySet());
        return leases;
    }

    public int memoryMiB(int gpuIndex) {
        return byLease.values().stream()
                .flatMap(List::stream)
                .filter(gpu -> gpu.gpuIndex() == gpuIndex)
                .mapToInt(LeasedGpu::memoryMiB)
                .sum();
    }

    /// As the grant leaves it.
    Promises with(Lease lease) {
        List<LeasedGpu> here = new ArrayList<>();
        for (LeasedGpu gpu : lease.gpus()) {
            if (gpu.appliance().equals(appliance)) {
                here.add(gpu);
            }
        }
        boolean isOfPool = lease.parent() == null;
        Map<UUID, List<LeasedGpu>> now = new TreeMap<>(isOfPool ? byLease : inside);
        now.put(lease.id(), List.copyOf(here));
        return isOfPool
                ? new Promises(appliance, version, now, inside)
                : new Promises(appliance, version, byLease, now);
    }

    Promises without(UUID lease) {
        return new Promises(appliance, version, without(byLease, lease), without(inside, lease));
    }

    private static Map<UUID, List<LeasedGpu>> without(
            Map<UUID, List<LeasedGpu>> promised, UUID lease) {
        Map<UUID, List<LeasedGpu>> now = new TreeMap<>(promised);
        now.remove(lease);
        return now;
    }
}
