package org.bitfusion.cluster.connection;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.watch.PersistentWatcher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Calls for each change at a path and below, until it is closed; and once at the beginning and
/// after each connection, since something may have changed meanwhile. Calls come from ZooKeeper's
/// own thread, one at a time: who is called must not wait, nor ask ZooKeeper.
public final class Watch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Watch.class);

    private final PersistentWatcher watcher;

    Watch(CuratorFramework curator, String path, Runnable changed) {
        watcher = new PersistentWatcher(curator, path, true);
        watcher.getListenable().addListener(_ -> call(path, changed));
        watcher.getResetListenable().addListener(() -> call(path, changed));
        watcher.start();
    }

    private static void call(String path, Runnable changed) {
        try {
            changed.run();
        } catch (RuntimeException exception) {
            LOG.error("a watcher failed path={}", path, exception);
        }
    }

    @Override
    public void close() {
        watcher.close();
    }
}
