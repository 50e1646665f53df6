package org.bitfusion.cluster.connection;

import java.io.IOException;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.zookeeper.CreateMode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A node that is there as long as this connection's session lives, in the next session too, until
/// it is closed.
public final class Presence implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Presence.class);

    private final PersistentNode node;

    Presence(CuratorFramework curator, String path) {
        node = new PersistentNode(curator, CreateMode.EPHEMERAL, false, path, new byte[0], true);
        node.start();
    }

    @Override
    public void close() {
        try {
            node.close();
        } catch (IOException exception) {
            LOG.debug("a node is left to the end of its session", exception);
        }
    }
}
