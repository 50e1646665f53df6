package org.bitfusion.cluster.pool;

import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;

/// A lease as the pool keeps it. Immutable.
///
/// @param lease as it was granted, with the GPUs of all appliances
/// @param attempt which grant of this identifier it is: one that not all appliances took is undone,
///   and the same request may be granted anew
/// @param user who the client's user is, for people
/// @param over the appliances whose part has ended
/// @param version of the record; it is another after each part that ended
public record HeldLease(Lease lease, UUID attempt, String user, Set<UUID> over, int version) {
    public HeldLease {
        over = Set.copyOf(over);
    }

    /// One that is to be granted.
    public static HeldLease of(Lease lease, UUID attempt, String user) {
        return new HeldLease(lease, attempt, user, Set.of(), 0);
    }

    /// All that give, or gave, a part.
    public Set<UUID> appliances() {
        TreeSet<UUID> appliances = new TreeSet<>();
        lease.gpus().forEach(gpu -> appliances.add(gpu.appliance()));
        return appliances;
    }

    /// Whether the appliance still gives its part.
    public boolean isGivenBy(UUID appliance) {
        return !over.contains(appliance) && appliances().contains(appliance);
    }

    /// The lease without the parts that have ended.
    public Lease remaining() {
        return over.isEmpty()
                ? lease
                : new Lease(
                        lease.id(),
                        lease.client(),
                        lease.origin(),
                        lease.parent(),
                        lease.gpus().stream().filter(this::isGiven).toList());
    }

    private boolean isGiven(LeasedGpu gpu) {
        return !over.contains(gpu.appliance());
    }

    HeldLease without(UUID appliance) {
        TreeSet<UUID> now = new TreeSet<>(over);
        now.add(appliance);
        return new HeldLease(lease, attempt, user, now, version);
    }

    boolean isOver() {
        return over.containsAll(appliances());
    }
}
