package org.bitfusion.cluster.pool;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;
import org.bitfusion.cluster.ClusterError;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.connection.Attempt;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.cluster.connection.Presence;
import org.bitfusion.cluster.connection.Watch;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Appliances and leases of the pool:
///
/// | node | what | lives |
/// |---|---|---|
/// | `/appliances/ID` | its host and GPUs, whether it is drained | until it is removed |
/// | `/promises/ID` | what each lease has of it ([Promises]) | with it |
/// | `/alive/ID` | nothing | as long as the appliance's session |
/// | `/leases/ID` | client, origin, GPUs in the client's order | as long as the lease |
///
/// Renewals, metrics and history are not here: what is written is what changes hands. Thread-safe.
public final class PoolState {
    private static final Logger LOG = LoggerFactory.getLogger(PoolState.class);
    private static final String APPLIANCES = "/appliances";
    private static final String PROMISES = "/promises";
    private static final String ALIVE = "/alive";
    private static final String LEASES = "/leases";

    /// How often another grant on the same appliance may come before an end.
    private static final int TRIES = 50;

    private final PoolConnection connection;

    public PoolState(PoolConnection connection) {
        this.connection = connection;
    }

    /// Makes the folders of an empty pool; nothing happens where they are.
    ///
    /// @throws ClusterException NOT_CONNECTED
    public void prepare() {
        for (String folder : List.of(APPLIANCES, PROMISES, ALIVE, LEASES)) {
            createUnlessThere(folder, new byte[0]);
        }
    }

    /// Says what this appliance is and has; what it has promised stays.
    ///
    /// @throws ClusterException NOT_CONNECTED
    public void announce(Appliance appliance) {
        byte[] content = Records.encode(appliance);
        String node = APPLIANCES + "/" + appliance.id();
        createUnlessThere(
                PROMISES + "/" + appliance.id(),
                Records.encode(new Promises(appliance.id(), 0, Map.of())));
        createUnlessThere(node, content);
        try {
            // Said again when the answer was lost: it is the appliance's own word about itself.
            connection.repeated(curator -> curator.setData().forPath(node, content));
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    /// Shows that this appliance is there, until it is closed or its session is over.
    public Presence presence(UUID appliance) {
        return connection.present(ALIVE + "/" + appliance);
    }

    /// Takes an appliance and its promises out; its leases are ended before.
    ///
    /// @return false if something is promised there
    /// @throws ClusterException NOT_CONNECTED, OUTCOME_UNKNOWN
    public boolean forget(UUID appliance) {
        try {
            Promises present = promises(appliance);
            if (!present.byLease().isEmpty()) {
                return false;
            }
            Attempt<?> attempt =
                    connection.change(curator ->
                            curator.transaction()
                                    .forOperations(
                                            curator.transactionOp()
                                                    .delete()
                                                    .withVersion(present.version())
                                                    .forPath(PROMISES + "/" + appliance),
                                            curator.transactionOp()
                                                    .delete()
                                                    .forPath(APPLIANCES + "/" + appliance)));
            if (!(attempt instanceof Attempt.Done<?>)) {
                throw new ClusterException(
                        ClusterError.OUTCOME_UNKNOWN,
                        "the pool did not answer; run it again when it has a majority");
            }
            return true;
        } catch (KeeperException.NoNodeException _) {
            return true;
        } catch (KeeperException.BadVersionException _) {
            return false;
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    /// The pool as the member that this one is connected to knows it.
    ///
    /// @throws ClusterException NOT_CONNECTED, RECORD_DAMAGED
    public PoolView view() {
        Set<String> alive = Set.copyOf(children(ALIVE));
        List<Appliance> appliances = new ArrayList<>();
        TreeMap<UUID, Promises> promises = new TreeMap<>();
        for (String name : children(APPLIANCES)) {
            UUID id = UUID.fromString(name);
            Optional<byte[]> content = content(APPLIANCES + "/" + name);
            if (content.isPresent()) {
                appliances.add(Records.appliance(id, content.get(), alive.contains(name)));
                try {
                    promises.put(id, promises(id));
                } catch (KeeperException.NoNodeException _) {
                    appliances.removeLast();
                } catch (KeeperException exception) {
                    throw PoolConnection.refused(exception);
                }
            }
        }
        List<Lease> leases = new ArrayList<>();
        for (String name : children(LEASES)) {
            UUID id = UUID.fromString(name);
            find(id).ifPresent(leases::add);
        }
        return new PoolView(appliances, promises, leases);
    }

    /// What one appliance has promised, and the version of that; empty if it is none of the pool.
    ///
    /// @throws ClusterException NOT_CONNECTED, RECORD_DAMAGED
    public Optional<Promises> promised(UUID appliance) {
        try {
            return Optional.of(promises(appliance));
        } catch (KeeperException.NoNodeException _) {
            return Optional.empty();
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    /// Calls `changed` when something of this has, or may have, changed ([Watch]).
    public Watch watch(Runnable changed) {
        return connection.watch("/", changed);
    }

    public Optional<Lease> find(UUID lease) {
        return content(LEASES + "/" + lease).map(content -> Records.lease(lease, content));
    }

    /// Writes a lease and promises its GPUs, or does nothing: one change, which takes place only if
    /// no appliance concerned has granted anything since the view. A lease with a parent is cut out
    /// of what is promised to that, which must be there still.
    ///
    /// @param lease with an identifier that was never used
    /// @param view what was decided on
    public GrantOutcome grant(Lease lease, PoolView view) {
        TreeMap<UUID, Promises> concerned = new TreeMap<>();
        for (LeasedGpu gpu : lease.gpus()) {
            Promises known = view.promises().get(gpu.appliance());
            if (known == null) {
                throw new IllegalArgumentException(
                        "lease: appliance " + gpu.appliance() + " (expected: one of the view)");
            }
            concerned.put(gpu.appliance(), known);
        }
        try {
            Attempt<?> attempt =
                    connection.change(curator ->
                            curator.transaction()
                                    .forOperations(operations(curator, lease, concerned)));
            return switch (attempt) {
                case Attempt.Done<?> _ -> new GrantOutcome.Granted();
                case Attempt.NotSent<?> _ -> new GrantOutcome.NoMajority();
                case Attempt.Unknown<?>(String why) -> resolve(lease.id(), why);
            };
        } catch (KeeperException.BadVersionException | KeeperException.NoNodeException _) {
            return new GrantOutcome.Outdated();
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    private static List<CuratorOp> operations(
            CuratorFramework curator, Lease lease, Map<UUID, Promises> concerned) throws Exception {
        List<CuratorOp> operations = new ArrayList<>();
        UUID parent = lease.parent();
        if (parent == null) {
            for (Promises promises : concerned.values()) {
                operations.add(
                        curator.transactionOp()
                                .setData()
                                .withVersion(promises.version())
                                .forPath(
                                        PROMISES + "/" + promises.appliance(),
                                        Records.encode(promises.with(lease))));
            }
        } else {
            operations.add(curator.transactionOp().check().forPath(LEASES + "/" + parent));
        }
        operations.add(
                curator.transactionOp()
                        .create()
                        .forPath(LEASES + "/" + lease.id(), Records.encode(lease)));
        return operations;
    }

    /// What became of a grant whose answer was lost. The lease's identifier tells: what this
    /// connection sent before has taken place, or never will.
    public GrantOutcome resolve(UUID lease) {
        return resolve(lease, "the connection is not back");
    }

    private GrantOutcome resolve(UUID lease, String why) {
        LOG.warn("grant lease={} answer lost, looked up: {}", lease, why);
        try {
            connection.settled();
            return find(lease).isPresent()
                    ? new GrantOutcome.Granted()
                    : new GrantOutcome.Outdated();
        } catch (ClusterException exception) {
            return new GrantOutcome.Unknown(String.valueOf(exception.getMessage()));
        }
    }

    /// Ends a lease and takes its promises back, in one change. Asking again does no harm. What is
    /// cut out of it is ended before it.
    public EndOutcome end(UUID id) {
        Optional<Lease> ended = Optional.empty();
        try {
            for (int attempt = 0; attempt < TRIES; attempt++) {
                Optional<Lease> present = find(id);
                if (present.isEmpty()) {
                    return ended.<EndOutcome>map(EndOutcome.Ended::new)
                            .orElseGet(EndOutcome.NoSuchLease::new);
                }
                ended = present;
                if (isEnded(present.get())) {
                    return new EndOutcome.Ended(present.get());
                }
                connection.settled();
            }
            return new EndOutcome.NoMajority("too much else is granted there; try again");
        } catch (ClusterException exception) {
            return new EndOutcome.NoMajority(String.valueOf(exception.getMessage()));
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    /// @return false if it has to be looked at again
    private boolean isEnded(Lease lease) throws KeeperException {
        List<Promises> concerned = new ArrayList<>();
        if (lease.parent() == null) {
            for (UUID appliance : appliances(lease)) {
                try {
                    concerned.add(promises(appliance));
                } catch (KeeperException.NoNodeException _) {
                    // It left the pool, with all that it had promised.
                }
            }
        }
        try {
            Attempt<?> attempt =
                    connection.change(curator -> {
                        List<CuratorOp> operations = new ArrayList<>();
                        for (Promises promises : concerned) {
                            operations.add(
                                    curator.transactionOp()
                                            .setData()
                                            .withVersion(promises.version())
                                            .forPath(
                                                    PROMISES + "/" + promises.appliance(),
                                                    Records.encode(promises.without(lease.id()))));
                        }
                        operations.add(
                                curator.transactionOp()
                                        .delete()
                                        .forPath(LEASES + "/" + lease.id()));
                        return curator.transaction().forOperations(operations);
                    });
            return attempt instanceof Attempt.Done<?>;
        } catch (KeeperException.BadVersionException | KeeperException.NoNodeException _) {
            return false;
        }
    }

    private static Set<UUID> appliances(Lease lease) {
        TreeSet<UUID> appliances = new TreeSet<>();
        lease.gpus().forEach(gpu -> appliances.add(gpu.appliance()));
        return appliances;
    }

    private Promises promises(UUID appliance) throws KeeperException {
        Stat stat = new Stat();
        byte[] content =
                connection.repeated(curator ->
                        curator.getData().storingStatIn(stat).forPath(PROMISES + "/" + appliance));
        return Records.promises(appliance, stat.getVersion(), content);
    }

    private Optional<byte[]> content(String node) {
        try {
            return Optional.of(connection.repeated(curator -> curator.getData().forPath(node)));
        } catch (KeeperException.NoNodeException _) {
            return Optional.empty();
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    private List<String> children(String node) {
        try {
            return connection.repeated(curator -> curator.getChildren().forPath(node));
        } catch (KeeperException.NoNodeException _) {
            return List.of();
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    /// The same whether this one or another made it, so it may be asked for again.
    private void createUnlessThere(String node, byte[] content) {
        try {
            connection.repeated(
                    curator -> curator.create().creatingParentsIfNeeded().forPath(node, content));
        } catch (KeeperException.NodeExistsException _) {
            // As wanted.
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }
}
