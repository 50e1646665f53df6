package org.bitfusion.cluster.store;

import java.util.List;
import java.util.Optional;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.connection.Attempt;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.cluster.connection.PoolConnection.Operation;
import org.bitfusion.cluster.connection.Watch;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.RecordStore;
import org.bitfusion.tls.store.StoredRecord;

/// Records as nodes of ZooKeeper, `/records/FOLDER/NAME`: every appliance sees the same, each
/// change is on the disks of a majority before it is acknowledged, and versions are ZooKeeper's
/// own. A read may be behind what another appliance has just written; a change by version is not.
/// Thread-safe.
public final class ZooKeeperRecordStore implements RecordStore {
    private static final String ROOT = "/records";

    private final PoolConnection connection;

    public ZooKeeperRecordStore(PoolConnection connection) {
        this.connection = connection;
    }

    @Override
    public Optional<StoredRecord> read(RecordPath path) {
        Stat stat = new Stat();
        try {
            byte[] content =
                    connection.repeated(
                            curator -> curator.getData().storingStatIn(stat).forPath(node(path)));
            return Optional.of(new StoredRecord(content, stat.getVersion()));
        } catch (KeeperException.NoNodeException _) {
            return Optional.empty();
        } catch (KeeperException | ClusterException exception) {
            throw failed(exception);
        }
    }

    @Override
    public boolean create(RecordPath path, byte[] content) {
        RecordStore.requireLength(content);
        byte[] copy = content.clone();
        Operation<String> create = curator -> curator.create().forPath(node(path), copy);
        try {
            return isDone(create);
        } catch (KeeperException.NoNodeException _) {
            makeFolder(path.folder());
        } catch (KeeperException.NodeExistsException _) {
            return false;
        } catch (KeeperException | ClusterException exception) {
            throw failed(exception);
        }
        try {
            return isDone(create);
        } catch (KeeperException.NodeExistsException _) {
            return false;
        } catch (KeeperException | ClusterException exception) {
            throw failed(exception);
        }
    }

    /// Folders are made once and stay.
    private void makeFolder(String folder) {
        try {
            isDone(curator ->
                    curator.create().creatingParentsIfNeeded().forPath(folderNode(folder)));
        } catch (KeeperException.NodeExistsException _) {
            // Another appliance was first.
        } catch (KeeperException | ClusterException exception) {
            throw failed(exception);
        }
    }

    @Override
    public boolean compareAndSet(RecordPath path, long version, byte[] content) {
        RecordStore.requireLength(content);
        byte[] copy = content.clone();
        return isDoneAt(
                version,
                number ->
                        curator -> curator.setData().withVersion(number).forPath(node(path), copy));
    }

    @Override
    public boolean delete(RecordPath path, long version) {
        return isDoneAt(
                version,
                number ->
                        curator -> {
                            curator.delete().withVersion(number).forPath(node(path));
                            return path;
                        });
    }

    /// A change of the present version, if that is `version`.
    private boolean isDoneAt(long version, VersionedChange change) {
        // ZooKeeper takes -1 for any version.
        if (version < 0 || version > Integer.MAX_VALUE) {
            return false;
        }
        try {
            return isDone(change.of((int) version));
        } catch (KeeperException.NoNodeException | KeeperException.BadVersionException _) {
            return false;
        } catch (KeeperException | ClusterException exception) {
            throw failed(exception);
        }
    }

    private interface VersionedChange {
        Operation<?> of(int version);
    }

    private boolean isDone(Operation<?> change) throws KeeperException {
        return switch (connection.change(change)) {
            case Attempt.Done<?> _ -> true;
            case Attempt.NotSent<?> _ ->
                    throw new TlsException(
                            TlsError.STORE_FAILED,
                            "the pool has no majority, or cannot be reached; nothing was changed");
            case Attempt.Unknown<?>(String why) ->
                    throw new TlsException(
                            TlsError.STORE_FAILED,
                            "the connection to the pool broke; whether the change took place is"
                                    + " unknown: "
                                    + why);
        };
    }

    @Override
    public List<String> list(String folder) {
        // The same names as everywhere; "x" is one.
        new RecordPath(folder, "x");
        try {
            return connection
                    .repeated(curator -> curator.getChildren().forPath(folderNode(folder)))
                    .stream()
                    .sorted()
                    .toList();
        } catch (KeeperException.NoNodeException _) {
            return List.of();
        } catch (KeeperException | ClusterException exception) {
            throw failed(exception);
        }
    }

    /// Calls `changed` when records of the folder have, or may have, changed ([Watch]).
    ///
    /// @param changed has the folder read again, by another thread
    /// @return closing it ends the calls
    public Watch watch(String folder, Runnable changed) {
        new RecordPath(folder, "x");
        return connection.watch(folderNode(folder), changed);
    }

    private static String folderNode(String folder) {
        return ROOT + "/" + folder;
    }

    private static String node(RecordPath path) {
        return folderNode(path.folder()) + "/" + path.name();
    }

    private static TlsException failed(Exception exception) {
        return new TlsException(
                TlsError.STORE_FAILED,
                "the pool's store failed: " + exception.getMessage(),
                exception);
    }
}
