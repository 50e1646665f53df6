package org.bitfusion.cluster.pool;

import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.Lease;

/// The pool as one member knew it, to decide on. It may be behind: what is granted on it takes
/// place only where [Promises#version] is still the present one.
///
/// @param leases some may have just begun or ended: what is promised is in `promises`
public record PoolView(
        List<Appliance> appliances, Map<UUID, Promises> promises, List<Lease> leases) {
    public PoolView {
        appliances = List.copyOf(appliances);
        promises = Map.copyOf(promises);
        leases = List.copyOf(leases);
    }
}
