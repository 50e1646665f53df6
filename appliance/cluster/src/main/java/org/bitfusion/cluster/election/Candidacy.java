package org.bitfusion.cluster.election;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.connection.Attempt;
import org.bitfusion.cluster.connection.PoolConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One manager's wish to be the one that schedules. Who made the node `/scheduling` is, as long as
/// its session with ZooKeeper lives.
///
/// Two may believe to be for a moment, one of which is cut off and does not know it yet. That does
/// no harm: a grant names the version of what it was decided on, and the term. Thread-safe.
public final class Candidacy implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Candidacy.class);
    private static final String NODE = "/scheduling";

    /// Others may come and go while this one looks.
    private static final int TRIES = 5;

    private final PoolConnection connection;
    private final UUID appliance;

    /// @param appliance whose manager this is; it has no other
    public Candidacy(PoolConnection connection, UUID appliance) {
        this.connection = connection;
        this.appliance = appliance;
    }

    /// Becomes the one that schedules if there is none, and says who is. To be asked again about
    /// once a second.
    ///
    /// @return empty if others come and go too fast
    /// @throws ClusterException NOT_CONNECTED
    public synchronized Optional<UUID> seek() {
        try {
            for (int attempt = 0; attempt < TRIES; attempt++) {
                Optional<UUID> present = present(true);
                if (present.isPresent()) {
                    return present;
                }
                create();
            }
            return Optional.empty();
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    /// Who schedules, as the member that this one is connected to knows it.
    ///
    /// @throws ClusterException NOT_CONNECTED
    public Optional<UUID> scheduling() {
        try {
            return present(false);
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    private Optional<UUID> present(boolean removesOwnOld) throws KeeperException {
        Stat stat = new Stat();
        UUID present;
        try {
            byte[] content =
                    connection.repeated(
                            curator -> curator.getData().storingStatIn(stat).forPath(NODE));
            present = UUID.fromString(new String(content, StandardCharsets.UTF_8));
        } catch (KeeperException.NoNodeException _) {
            return Optional.empty();
        }
        if (!removesOwnOld || !present.equals(appliance) || isOwn(stat)) {
            return Optional.of(present);
        }
        // Of this appliance's manager before this one, which has ended: nobody else would say so.
        remove(stat);
        return Optional.empty();
    }

    private boolean isOwn(Stat stat) throws KeeperException {
        long session =
                connection.repeated(
                        curator -> curator.getZookeeperClient().getZooKeeper().getSessionId());
        return stat.getEphemeralOwner() == session;
    }

    private void create() throws KeeperException {
        byte[] content = appliance.toString().getBytes(StandardCharsets.UTF_8);
        try {
            Attempt<?> attempt =
                    connection.change(curator ->
                            curator.create().withMode(CreateMode.EPHEMERAL).forPath(NODE, content));
            if (attempt instanceof Attempt.Done<?>) {
                LOG.info("appliance={} schedules for the pool", appliance);
            }
        } catch (KeeperException.NodeExistsException _) {
            // Another was first.
        }
    }

    private void remove(Stat stat) throws KeeperException {
        try {
            connection.change(curator -> {
                curator.delete().withVersion(stat.getVersion()).forPath(NODE);
                return NODE;
            });
        } catch (KeeperException.NoNodeException | KeeperException.BadVersionException _) {
            // Gone already.
        }
    }

    /// Lets another schedule, at once if there is a connection.
    @Override
    public void close() {
        giveUp();
    }

    /// Lets another schedule, at once if there is a connection, until the next [#seek].
    public synchronized void giveUp() {
        if (!connection.isConnected()) {
            return;
        }
        try {
            Stat stat = connection.repeated(curator -> curator.checkExists().forPath(NODE));
            if (stat != null && isOwn(stat)) {
                remove(stat);
            }
        } catch (KeeperException | ClusterException exception) {
            LOG.debug("the node is left to the end of its session", exception);
        }
    }
}
