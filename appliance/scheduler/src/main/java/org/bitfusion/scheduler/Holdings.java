package org.bitfusion.scheduler;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.bitfusion.scheduler.pool.Lease;
import org.jspecify.annotations.Nullable;

/// All leases: by their identifier, by their parent, and how many GPUs each client holds. It never
/// changes.
///
/// @param children identifiers of the leases that are cut out of another one
/// @param gpuCounts by client. A lease with a parent adds nothing: its GPUs are counted with the
///   parent's.
record Holdings(
        PersistentMap<UUID, Lease> leases,
        PersistentMap<UUID, List<UUID>> children,
        PersistentMap<String, Integer> gpuCounts) {
    static final Holdings NONE =
            new Holdings(PersistentMap.empty(), PersistentMap.empty(), PersistentMap.empty());

    @Nullable Lease lease(UUID id) {
        return leases.get(id);
    }

    List<UUID> childrenOf(UUID parent) {
        return children.getOrDefault(parent, List.of());
    }

    int gpuCount(String client) {
        return gpuCounts.getOrDefault(client, 0);
    }

    /// @param lease whose identifier is not there yet
    Holdings with(Lease lease) {
        UUID parent = lease.parent();
        if (parent == null) {
            return new Holdings(
                    leases.with(lease.id(), lease), children, counted(lease, lease.gpus().size()));
        }
        List<UUID> siblings = new ArrayList<>(childrenOf(parent));
        siblings.add(lease.id());
        return new Holdings(
                leases.with(lease.id(), lease),
                children.with(parent, List.copyOf(siblings)),
                gpuCounts);
    }

    /// @param lease that is there, and has no children
    Holdings without(Lease lease) {
        UUID parent = lease.parent();
        if (parent == null) {
            return new Holdings(
                    leases.without(lease.id()), children, counted(lease, -lease.gpus().size()));
        }
        List<UUID> siblings =
                childrenOf(parent).stream().filter(id -> !id.equals(lease.id())).toList();
        return new Holdings(
                leases.without(lease.id()),
                siblings.isEmpty() ? children.without(parent) : children.with(parent, siblings),
                gpuCounts);
    }

    private PersistentMap<String, Integer> counted(Lease lease, int change) {
        int count = gpuCount(lease.client()) + change;
        return count == 0
                ? gpuCounts.without(lease.client())
                : gpuCounts.with(lease.client(), count);
    }
}
