package org.bitfusion.cluster.pool;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.connection.Attempt;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.scheduler.pool.Lease;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How a lease is granted: in one change, within the term of whoever decided on it.
final class Grants {
    private static final Logger LOG = LoggerFactory.getLogger(PoolState.class);

    /// Of a change, beside what its records take: paths, versions, and the new lease's share.
    private static final int SPARE_BYTES = 1 << 16;

    private static final int EACH_BYTES = 256;

    private final PoolConnection connection;
    private final PoolNodes nodes;

    Grants(PoolConnection connection, PoolNodes nodes) {
        this.connection = connection;
        this.nodes = nodes;
    }

    /// As [PoolState#term].
    int term() {
        try {
            Stat stat =
                    connection.repeated(curator -> curator.checkExists().forPath(PoolNodes.TERM));
            return stat == null ? -1 : stat.getVersion();
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    /// As [PoolState#beginTerm].
    void beginTerm() {
        nodes.createUnlessThere(PoolNodes.TERM, new byte[0]);
        try {
            connection.repeated(curator -> curator.setData().forPath(PoolNodes.TERM, new byte[0]));
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    /// As [PoolState#grant(HeldLease, PoolView)].
    ///
    /// @param term in which it was decided; empty: in any
    GrantOutcome grant(HeldLease held, PoolView view, OptionalInt term) {
        Lease lease = held.lease();
        TreeMap<UUID, Promises> concerned = new TreeMap<>();
        for (UUID appliance : held.appliances()) {
            Promises known = view.promises().get(appliance);
            if (known == null) {
                throw new IllegalArgumentException(
                        "lease: appliance " + appliance + " (expected: one of the view)");
            }
            if (known.isFull()) {
                return new GrantOutcome.Outdated();
            }
            if (lease.parent() != null && !known.byLease().containsKey(lease.parent())) {
                return new GrantOutcome.Outdated();
            }
            concerned.put(appliance, known);
        }
        if (bytes(held, concerned) > PoolConnection.MOST_BYTES - SPARE_BYTES) {
            return new GrantOutcome.TooLarge();
        }
        try {
            Attempt<?> attempt =
                    connection.change(curator ->
                            curator.transaction()
                                    .forOperations(
                                            operations(curator, held, concerned, view, term)));
            return switch (attempt) {
                case Attempt.Done<?> _ -> new GrantOutcome.Granted();
                case Attempt.NotSent<?> _ -> new GrantOutcome.NoMajority();
                case Attempt.Unknown<?>(String why) -> resolve(lease.id(), held.attempt(), why);
            };
        } catch (KeeperException.BadVersionException
                | KeeperException.NoNodeException
                | KeeperException.NodeExistsException _) {
            return new GrantOutcome.Outdated();
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    private static long bytes(HeldLease held, Map<UUID, Promises> concerned) {
        long bytes = Records.encode(held).length;
        for (Promises promises : concerned.values()) {
            bytes += Records.encode(promises).length + EACH_BYTES;
        }
        return bytes;
    }

    private static List<CuratorOp> operations(
            CuratorFramework curator,
            HeldLease held,
            Map<UUID, Promises> concerned,
            PoolView view,
            OptionalInt term)
            throws Exception {
        List<CuratorOp> operations = new ArrayList<>();
        if (term.isPresent()) {
            operations.add(
                    curator.transactionOp()
                            .check()
                            .withVersion(term.getAsInt())
                            .forPath(PoolNodes.TERM));
        }
        UUID parent = held.lease().parent();
        for (Promises promises : concerned.values()) {
            operations.add(set(curator, promises, promises.with(held.lease())));
            Integer version = view.versions().get(promises.appliance());
            if (version != null) {
                operations.add(
                        curator.transactionOp()
                                .check()
                                .withVersion(version)
                                .forPath(PoolNodes.APPLIANCES + "/" + promises.appliance()));
            }
        }
        if (parent != null) {
            operations.add(
                    curator.transactionOp().check().forPath(PoolNodes.LEASES + "/" + parent));
        }
        operations.add(
                curator.transactionOp()
                        .create()
                        .forPath(PoolNodes.LEASES + "/" + held.lease().id(), Records.encode(held)));
        return operations;
    }

    /// What an appliance has promised, in the place of what was known.
    static CuratorOp set(CuratorFramework curator, Promises before, Promises now) throws Exception {
        return curator.transactionOp()
                .setData()
                .withVersion(before.version())
                .forPath(PoolNodes.PROMISES + "/" + before.appliance(), Records.encode(now));
    }

    /// As [PoolState#resolve].
    ///
    /// @param why the answer was lost
    GrantOutcome resolve(UUID lease, UUID attempt, String why) {
        LOG.warn("grant lease={} answer lost, looked up: {}", lease, why);
        try {
            connection.settled();
            return nodes.held(lease).filter(held -> held.attempt().equals(attempt)).isPresent()
                    ? new GrantOutcome.Granted()
                    : new GrantOutcome.Outdated();
        } catch (ClusterException exception) {
            return new GrantOutcome.Unknown(String.valueOf(exception.getMessage()));
        }
    }
}
