package org.bitfusion.cluster.pool;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.Lease;

/// The pool as one member knew it, to decide on. It may be behind: what is granted on it takes
/// place only where [Promises#version] and the version of the appliance's own record, which says
/// whether it is drained, are still the present ones. Immutable.
///
/// @param held some may have just begun or ended: what is promised is in `promises`
/// @param contacts of all appliances
/// @param versions of the appliances' records; one that is not there is not compared
public record PoolView(
        List<Appliance> appliances,
        Map<UUID, Promises> promises,
        List<HeldLease> held,
        Map<UUID, Contact> contacts,
        Map<UUID, Integer> versions) {
    public PoolView {
        appliances = List.copyOf(appliances);
        promises = Map.copyOf(promises);
        held = List.copyOf(held);
        contacts = Map.copyOf(contacts);
        versions = Map.copyOf(versions);
    }

    public PoolView(
            List<Appliance> appliances, Map<UUID, Promises> promises, List<HeldLease> held) {
        this(appliances, promises, held, Map.of(), Map.of());
    }

    /// Without the parts that have ended.
    public List<Lease> leases() {
        return held.stream().map(HeldLease::remaining).toList();
    }

    public Optional<HeldLease> find(UUID lease) {
        return held.stream().filter(each -> each.lease().id().equals(lease)).findFirst();
    }

    public Contact contact(UUID appliance) {
        return contacts.getOrDefault(appliance, Contact.UNKNOWN);
    }

    /// As the pool is once this was granted on this view, if nobody else changed anything: another
    /// grant can be decided on that without reading it.
    public PoolView with(HeldLease granted) {
        Map<UUID, Promises> now = new TreeMap<>(promises);
        for (UUID appliance : granted.appliances()) {
            Promises after = Objects.requireNonNull(promises.get(appliance)).with(granted.lease());
            now.put(
                    appliance,
                    new Promises(appliance, after.version() + 1, after.byLease(), after.inside()));
        }
        List<HeldLease> leases = new ArrayList<>(held);
        leases.add(granted);
        return new PoolView(appliances, now, leases, contacts, versions);
    }
}
