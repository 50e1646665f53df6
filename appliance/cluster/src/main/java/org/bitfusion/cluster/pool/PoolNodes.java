package org.bitfusion.cluster.pool;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;
import org.bitfusion.cluster.connection.PoolConnection;

/// Where [PoolState] keeps what, and how a node is read and made; never changes or removes one.
/// Each method throws [ClusterException] NOT_CONNECTED, and RECORD_DAMAGED for what makes no sense.
final class PoolNodes {
    static final String APPLIANCES = "/appliances";
    static final String PROMISES = "/promises";
    static final String ALIVE = "/alive";
    static final String LEASES = "/leases";
    static final String TERM = "/term";

    private final PoolConnection connection;

    PoolNodes(PoolConnection connection) {
        this.connection = connection;
    }

    Optional<HeldLease> held(UUID lease) {
        Stat stat = new Stat();
        try {
            byte[] content =
                    connection.repeated(curator ->
                            curator.getData().storingStatIn(stat).forPath(LEASES + "/" + lease));
            return Optional.of(Records.held(lease, stat.getVersion(), content));
        } catch (KeeperException.NoNodeException _) {
            return Optional.empty();
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    /// What an appliance has promised, with the version of that.
    Promises promises(UUID appliance) throws KeeperException {
        Stat stat = new Stat();
        byte[] content =
                connection.repeated(curator ->
                        curator.getData().storingStatIn(stat).forPath(PROMISES + "/" + appliance));
        return Records.promises(appliance, stat.getVersion(), content);
    }

    /// @param stat is filled in
    Optional<byte[]> content(String node, Stat stat) {
        try {
            return Optional.of(
                    connection.repeated(
                            curator -> curator.getData().storingStatIn(stat).forPath(node)));
        } catch (KeeperException.NoNodeException _) {
            return Optional.empty();
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    List<String> children(String node) {
        try {
            return connection.repeated(curator -> curator.getChildren().forPath(node));
        } catch (KeeperException.NoNodeException _) {
            return List.of();
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    /// The same whether this one or another made it, so it may be asked for again.
    void createUnlessThere(String node, byte[] content) {
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
