package org.bitfusion.cluster.pool;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
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
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Lease;
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
/// | `/term` | nothing; its version is another with each manager that begins to schedule | for good |
///
/// Renewals, metrics and history are not here: what is written is what changes hands. Thread-safe.
public final class PoolState {
    private static final Logger LOG = LoggerFactory.getLogger(PoolState.class);

    /// How often another grant on the same appliance may come before an end.
    private static final int TRIES = 50;

    private final PoolConnection connection;
    private final PoolNodes nodes;
    private final Grants grants;

    public PoolState(PoolConnection connection) {
        this.connection = connection;
        nodes = new PoolNodes(connection);
        grants = new Grants(connection, nodes);
    }

    /// Makes the folders of an empty pool; nothing happens where they are.
    ///
    /// @throws ClusterException NOT_CONNECTED
    public void prepare() {
        for (String folder :
                List.of(
                        PoolNodes.APPLIANCES,
                        PoolNodes.PROMISES,
                        PoolNodes.ALIVE,
                        PoolNodes.LEASES)) {
            nodes.createUnlessThere(folder, new byte[0]);
        }
    }

    /// Says what this appliance is and has, but not where it listens.
    ///
    /// @throws ClusterException NOT_CONNECTED, CONTENDED
    public void announce(Appliance appliance) {
        announce(appliance, Contact.UNKNOWN);
    }

    /// Says what this appliance is and has; what it has promised stays, and so does it if an
    /// administrator drains it.
    ///
    /// @throws ClusterException NOT_CONNECTED, CONTENDED
    public void announce(Appliance appliance, Contact contact) {
        nodes.createUnlessThere(
                PoolNodes.PROMISES + "/" + appliance.id(),
                Records.encode(new Promises(appliance.id(), 0, Map.of())));
        nodes.createUnlessThere(
                PoolNodes.APPLIANCES + "/" + appliance.id(), Records.encode(appliance, contact));
        change(
                appliance.id(),
                present ->
                        Records.encode(
                                Records.isDraining(appliance.id(), present)
                                        ? appliance.withState(ApplianceState.DRAINING)
                                        : appliance,
                                contact));
    }

    /// Has an appliance give no new leases, or give some again.
    ///
    /// @return false if the pool has no such appliance
    /// @throws ClusterException NOT_CONNECTED, CONTENDED
    public boolean drain(UUID appliance, boolean isDraining) {
        return change(appliance, present -> Records.drained(appliance, present, isDraining));
    }

    /// Doing it twice is doing it once: it is done again where the answer was lost.
    private boolean change(UUID appliance, UnaryOperator<byte[]> change) {
        String node = PoolNodes.APPLIANCES + "/" + appliance;
        for (int attempt = 0; attempt < TRIES; attempt++) {
            try {
                Stat stat = new Stat();
                byte[] present =
                        connection.repeated(
                                curator -> curator.getData().storingStatIn(stat).forPath(node));
                byte[] next = change.apply(present);
                if (Arrays.equals(present, next)) {
                    return true;
                }
                connection.repeated(curator ->
                        curator.setData().withVersion(stat.getVersion()).forPath(node, next));
                return true;
            } catch (KeeperException.BadVersionException _) {
                LOG.debug("appliance={} changed by another, looked at again", appliance);
            } catch (KeeperException.NoNodeException _) {
                return false;
            } catch (KeeperException exception) {
                throw PoolConnection.refused(exception);
            }
        }
        throw new ClusterException(
                ClusterError.CONTENDED, "others change the same appliance just now; try again");
    }

    /// Whether a member with a majority answers now.
    public boolean isConnected() {
        return connection.isConnected();
    }

    /// Waits until what this connection sent before has taken place or never will; what is read
    /// then is as new as that, and as what others were acknowledged before.
    ///
    /// @throws ClusterException NOT_CONNECTED
    public void settled() {
        connection.settled();
    }

    /// Shows that this appliance is there, until it is closed or its session is over.
    public Presence presence(UUID appliance) {
        return connection.present(PoolNodes.ALIVE + "/" + appliance);
    }

    /// Whether an appliance shows that it is there: it, or its session, is not over.
    ///
    /// @throws ClusterException NOT_CONNECTED
    public boolean isAlive(UUID appliance) {
        return nodes.content(PoolNodes.ALIVE + "/" + appliance, new Stat()).isPresent();
    }

    /// Takes an appliance and its promises out; its leases are ended before.
    ///
    /// @return false if something is promised there
    /// @throws ClusterException NOT_CONNECTED, OUTCOME_UNKNOWN
    public boolean forget(UUID appliance) {
        try {
            Promises present = nodes.promises(appliance);
            if (!present.leases().isEmpty()) {
                return false;
            }
            Attempt<?> attempt =
                    connection.change(curator ->
                            curator.transaction()
                                    .forOperations(
                                            curator.transactionOp()
                                                    .delete()
                                                    .withVersion(present.version())
                                                    .forPath(PoolNodes.PROMISES + "/" + appliance),
                                            curator.transactionOp()
                                                    .delete()
                                                    .forPath(
                                                            PoolNodes.APPLIANCES
                                                                    + "/"
                                                                    + appliance)));
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
        Set<String> alive = Set.copyOf(nodes.children(PoolNodes.ALIVE));
        List<Appliance> appliances = new ArrayList<>();
        TreeMap<UUID, Promises> promises = new TreeMap<>();
        TreeMap<UUID, Contact> contacts = new TreeMap<>();
        TreeMap<UUID, Integer> versions = new TreeMap<>();
        for (String name : nodes.children(PoolNodes.APPLIANCES)) {
            UUID id = UUID.fromString(name);
            Stat stat = new Stat();
            Optional<byte[]> content = nodes.content(PoolNodes.APPLIANCES + "/" + name, stat);
            if (content.isPresent()) {
                versions.put(id, stat.getVersion());
                appliances.add(Records.appliance(id, content.get(), alive.contains(name)));
                contacts.put(id, Records.contact(id, content.get()));
                try {
                    promises.put(id, nodes.promises(id));
                } catch (KeeperException.NoNodeException _) {
                    appliances.removeLast();
                } catch (KeeperException exception) {
                    throw PoolConnection.refused(exception);
                }
            }
        }
        List<HeldLease> leases = new ArrayList<>();
        for (String name : nodes.children(PoolNodes.LEASES)) {
            UUID id = UUID.fromString(name);
            held(id).ifPresent(leases::add);
        }
        return new PoolView(appliances, promises, leases, contacts, versions);
    }

    /// What one appliance has promised, and the version of that; empty if it is none of the pool.
    ///
    /// @throws ClusterException NOT_CONNECTED, RECORD_DAMAGED
    public Optional<Promises> promised(UUID appliance) {
        try {
            return Optional.of(nodes.promises(appliance));
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

    /// As it was granted, also if parts of it have ended.
    public Optional<Lease> find(UUID lease) {
        return held(lease).map(HeldLease::lease);
    }

    /// @throws ClusterException NOT_CONNECTED, RECORD_DAMAGED
    public Optional<HeldLease> held(UUID lease) {
        return nodes.held(lease);
    }

    /// Whether the pool has this appliance give its part of the lease, now: what everybody was told
    /// before the call is known. Who is cut off from the majority is told nothing.
    ///
    /// @param attempt which grant of the lease is meant
    /// @return the lease, empty if that was never granted, or is over, there or everywhere
    /// @throws ClusterException NOT_CONNECTED
    public Optional<HeldLease> givenNow(UUID lease, UUID attempt, UUID appliance) {
        connection.settled();
        return held(lease)
                .filter(held -> held.attempt().equals(attempt) && held.isGivenBy(appliance));
    }

    /// Grants a lease that was never granted before.
    public GrantOutcome grant(Lease lease, PoolView view) {
        return grant(HeldLease.of(lease, lease.id(), ""), view);
    }

    /// The term of whoever schedules, to be asked before it is looked who does.
    ///
    /// @return -1 before the first one
    /// @throws ClusterException NOT_CONNECTED
    public int term() {
        return grants.term();
    }

    /// Another manager schedules from now on: what the one before still wants to grant is in vain.
    ///
    /// @throws ClusterException NOT_CONNECTED
    public void beginTerm() {
        grants.beginTerm();
    }

    /// Writes a lease and promises its GPUs, or does nothing: as [#grant(HeldLease, PoolView)], and
    /// only in the same term. Promises cannot be given twice in any case; limits that hold for all
    /// appliances together can be kept by one manager only.
    ///
    /// @param term in which it was decided
    public GrantOutcome grant(HeldLease held, PoolView view, int term) {
        return grants.grant(held, view, OptionalInt.of(term));
    }

    /// Writes a lease and promises its GPUs, or does nothing: one change, which takes place only if
    /// no appliance concerned has granted anything since the view, none was drained, or keeps as
    /// many leases as it can ([Promises#MOST_LEASES]), and the lease is not there. A lease with a
    /// parent is cut out of what is promised to that, which must be there still.
    ///
    /// @param held with an attempt that was never used
    /// @param view what was decided on
    public GrantOutcome grant(HeldLease held, PoolView view) {
        return grants.grant(held, view, OptionalInt.empty());
    }

    /// What became of a grant whose answer was lost. The lease and its attempt tell: what this
    /// connection sent before has taken place, or never will.
    public GrantOutcome resolve(UUID lease, UUID attempt) {
        return grants.resolve(lease, attempt, "the connection is not back");
    }

    /// Ends a lease and takes its promises back, in one change. Asking again does no harm. What is
    /// cut out of it is ended by itself.
    public EndOutcome end(UUID id) {
        return over(id, _ -> true, HeldLease::appliances);
    }

    /// Ends one attempt to grant a lease, and not the one after it.
    public EndOutcome end(UUID id, UUID attempt) {
        return over(id, held -> held.attempt().equals(attempt), HeldLease::appliances);
    }

    /// Ends one appliance's part of a lease and takes its promise back; with the last part the
    /// lease is over. Asking again does no harm.
    ///
    /// @param attempt which grant of the lease is meant
    public EndOutcome endPart(UUID id, UUID attempt, UUID appliance) {
        return over(
                id,
                held -> held.attempt().equals(attempt) && held.isGivenBy(appliance),
                _ -> Set.of(appliance));
    }

    private EndOutcome over(
            UUID id, Predicate<HeldLease> isMeant, Function<HeldLease, Set<UUID>> parts) {
        Optional<Lease> ended = Optional.empty();
        try {
            for (int attempt = 0; attempt < TRIES; attempt++) {
                Optional<HeldLease> present = held(id).filter(isMeant);
                if (present.isEmpty()) {
                    return ended.<EndOutcome>map(EndOutcome.Ended::new)
                            .orElseGet(EndOutcome.NoSuchLease::new);
                }
                ended = Optional.of(present.get().lease());
                if (isEnded(present.get(), parts.apply(present.get()))) {
                    return new EndOutcome.Ended(present.get().lease());
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
    private boolean isEnded(HeldLease held, Set<UUID> parts) throws KeeperException {
        List<Promises> concerned = new ArrayList<>();
        HeldLease after = held;
        for (UUID appliance : parts) {
            after = after.without(appliance);
            try {
                Promises promises = nodes.promises(appliance);
                if (promises.leases().contains(held.lease().id())) {
                    concerned.add(promises);
                }
            } catch (KeeperException.NoNodeException _) {
                // It left the pool, with all that it had promised.
            }
        }
        HeldLease now = after;
        try {
            Attempt<?> attempt =
                    connection.change(curator -> {
                        List<CuratorOp> operations = new ArrayList<>();
                        for (Promises promises : concerned) {
                            operations.add(
                                    Grants.set(
                                            curator,
                                            promises,
                                            promises.without(held.lease().id())));
                        }
                        operations.add(written(curator, now));
                        return curator.transaction().forOperations(operations);
                    });
            return attempt instanceof Attempt.Done<?>;
        } catch (KeeperException.BadVersionException | KeeperException.NoNodeException _) {
            return false;
        }
    }

    /// The lease as it is now, or its end.
    private static CuratorOp written(CuratorFramework curator, HeldLease now) throws Exception {
        String node = PoolNodes.LEASES + "/" + now.lease().id();
        return now.isOver()
                ? curator.transactionOp().delete().withVersion(now.version()).forPath(node)
                : curator.transactionOp()
                        .setData()
                        .withVersion(now.version())
                        .forPath(node, Records.encode(now));
    }

    /// Takes back a promise to a lease that is over everywhere. It happens to nobody's harm when
    /// there is no such promise.
    ///
    /// @return false if the lease is there, or it could not be done now
    /// @throws ClusterException NOT_CONNECTED
    public boolean takeBackOrphan(UUID lease, UUID appliance) {
        if (held(lease).filter(held -> held.isGivenBy(appliance)).isPresent()) {
            return false;
        }
        try {
            Promises present = nodes.promises(appliance);
            return !present.leases().contains(lease)
                    || connection.change(curator ->
                            curator.transaction()
                                    .forOperations(
                                            Grants.set(curator, present, present.without(lease))))
                            instanceof Attempt.Done<?>;
        } catch (KeeperException.BadVersionException | KeeperException.NoNodeException _) {
            return false;
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    /// Takes back all that an appliance has promised: for one that will not come back, before
    /// [#forget]. What other appliances give of the same leases goes on.
    ///
    /// @return the leases that it gave a part of
    /// @throws ClusterException NOT_CONNECTED, CONTENDED
    public List<Lease> takeBackAll(UUID appliance) {
        List<Lease> ended = new ArrayList<>();
        for (UUID lease : promised(appliance).map(Promises::leases).orElse(Set.of())) {
            Optional<HeldLease> held = held(lease).filter(each -> each.isGivenBy(appliance));
            boolean isTakenBack =
                    held.isPresent()
                            ? !(endPart(lease, held.get().attempt(), appliance)
                                    instanceof EndOutcome.NoMajority)
                            : takeBackOrphan(lease, appliance);
            if (!isTakenBack) {
                throw new ClusterException(
                        ClusterError.CONTENDED,
                        "lease " + lease + " could not be ended there just now; try again");
            }
            held.map(HeldLease::remaining).ifPresent(ended::add);
        }
        return ended;
    }
}
