package org.bitfusion.allocator;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.bitfusion.cluster.pool.PoolView;
import org.bitfusion.cluster.pool.Promises;
import org.bitfusion.scheduler.Snapshot;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Client;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;

/// The pool as ZooKeeper knows it, as a snapshot to decide on.
final class Snapshots {
    /// What a client may hold for which no administrator has said how many, or `none` for it or for
    /// all: a part of a GPU counts as one, and each is kept in the pool's records.
    static final int GPUS_WITHOUT_LIMIT = 4096;

    private Snapshots() {}

    /// What holds for clients.
    record Terms(ClientTerms defaults, List<Client> clients) {
        static final Terms NONE = new Terms(ClientTerms.UNLIMITED, List.of());

        /// What holds for one.
        ClientTerms of(String client) {
            return defaults.of(
                    clients.stream()
                            .filter(each -> each.id().equals(client))
                            .findFirst()
                            .orElse(null));
        }
    }

    /// @param avoided appliances that are not to be asked just now
    static Snapshot of(PoolView view, Terms terms, Set<UUID> avoided) {
        List<Appliance> appliances = new ArrayList<>();
        Set<LeasedGpu> known = new HashSet<>();
        for (Appliance appliance : view.appliances()) {
            appliances.add(appliance.withState(state(appliance, view, avoided)));
            for (Gpu gpu : appliance.gpus()) {
                known.add(new LeasedGpu(appliance.id(), gpu.index(), 1));
            }
        }
        Snapshot snapshot = Snapshot.of(limited(terms.defaults()), appliances);
        for (Client client : terms.clients()) {
            snapshot = snapshot.withClient(limited(client));
        }
        return withLeases(snapshot, view, known);
    }

    /// Who is drained gives within leases still, who is full does not.
    private static ApplianceState state(Appliance appliance, PoolView view, Set<UUID> avoided) {
        Promises promises = view.promises().get(appliance.id());
        boolean isFull = promises != null && promises.isFull();
        return switch (appliance.state()) {
            case AVAILABLE ->
                    avoided.contains(appliance.id())
                            ? ApplianceState.UNAVAILABLE
                            : isFull ? ApplianceState.FULL : ApplianceState.AVAILABLE;
            case DRAINING -> isFull ? ApplianceState.FULL : ApplianceState.DRAINING;
            case UNAVAILABLE, FULL -> appliance.state();
        };
    }

    private static ClientTerms limited(ClientTerms defaults) {
        return defaults.gpuLimit() == ClientTerms.NO_LIMIT
                ? new ClientTerms(
                        GPUS_WITHOUT_LIMIT,
                        defaults.priority(),
                        defaults.idleTimeout(),
                        defaults.disabled())
                : defaults;
    }

    private static Client limited(Client client) {
        Integer limit = client.gpuLimit();
        return limit != null && limit == ClientTerms.NO_LIMIT
                ? new Client(
                        client.id(),
                        GPUS_WITHOUT_LIMIT,
                        client.priority(),
                        client.idleTimeout(),
                        client.disabled())
                : client;
    }

    private static Snapshot withLeases(Snapshot empty, PoolView view, Set<LeasedGpu> known) {
        Snapshot snapshot = empty;
        Set<UUID> ids = new HashSet<>();
        List<Lease> inside = new ArrayList<>();
        for (Lease lease : view.leases()) {
            ids.add(lease.id());
            if (lease.parent() == null) {
                snapshot = snapshot.withLease(ofKnown(lease, known));
            } else {
                inside.add(ofKnown(lease, known));
            }
        }
        // Promised to a lease that ended between the looks at both: not free in this view.
        for (Promises promises : view.promises().values()) {
            for (Map.Entry<UUID, List<LeasedGpu>> entry : promises.byLease().entrySet()) {
                if (ids.add(entry.getKey())) {
                    Lease ended =
                            new Lease(entry.getKey(), "", Lease.Origin.RUN, null, entry.getValue());
                    snapshot = snapshot.withLease(ofKnown(ended, known));
                }
            }
        }
        for (Lease lease : inside) {
            if (isWithin(lease, snapshot)) {
                snapshot = snapshot.withLease(lease);
            }
        }
        return snapshot;
    }

    /// A part of its parent may have ended before the same part of it.
    private static boolean isWithin(Lease lease, Snapshot snapshot) {
        UUID parent = lease.parent();
        return parent != null
                && snapshot.lease(parent)
                        .filter(of ->
                                lease.gpus().stream()
                                        .allMatch(gpu ->
                                                of.gpus().stream()
                                                        .anyMatch(theirs ->
                                                                theirs.isSameGpu(gpu)
                                                                        && theirs.memoryMiB()
                                                                                >= gpu
                                                                                        .memoryMiB())))
                        .isPresent();
    }

    /// GPUs that were taken out of an appliance are of no lease.
    private static Lease ofKnown(Lease lease, Set<LeasedGpu> known) {
        return new Lease(
                lease.id(),
                lease.client(),
                lease.origin(),
                lease.parent(),
                lease.gpus().stream()
                        .filter(gpu ->
                                known.contains(new LeasedGpu(gpu.appliance(), gpu.gpuIndex(), 1)))
                        .toList());
    }
}
