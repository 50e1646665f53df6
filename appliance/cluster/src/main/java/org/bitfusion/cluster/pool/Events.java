package org.bitfusion.cluster.pool;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.bitfusion.cluster.ClusterError;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.connection.Attempt;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.store.Fields;

/// The pool's newest events, at most [#MOST] and a few: rare ones, of what an administrator does or
/// should see. Leases are none. Thread-safe.
public final class Events {
    public static final int MOST = 500;

    /// Old ones go so many at a time.
    private static final int SLACK = 50;

    private static final int LONGEST = 1000;
    private static final String ROOT = "/events";
    private static final String PREFIX = "event-";
    private static final String KIND = "event";

    private final PoolConnection connection;

    public Events(PoolConnection connection) {
        this.connection = connection;
    }

    /// @return false if it was not written, or nobody knows: an event is not worth a second try,
    ///   which might tell it twice
    public boolean append(Instant at, String kind, String by, String text) {
        byte[] content =
                Fields.of(KIND)
                        .with("at", at)
                        .with("kind", shortened(kind))
                        .with("by", shortened(by))
                        .with("text", shortened(text))
                        .encode();
        try {
            Attempt<String> attempt =
                    connection.change(curator ->
                            curator.create()
                                    .creatingParentsIfNeeded()
                                    .withMode(CreateMode.PERSISTENT_SEQUENTIAL)
                                    .forPath(ROOT + "/" + PREFIX, content));
            prune();
            return attempt instanceof Attempt.Done<String>;
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        } catch (ClusterException _) {
            return false;
        }
    }

    private static String shortened(String text) {
        return text.length() > LONGEST ? text.substring(0, LONGEST) : text;
    }

    private void prune() throws KeeperException {
        List<String> names = names();
        if (names.size() > MOST + SLACK) {
            for (String name : names.subList(0, names.size() - MOST)) {
                try {
                    connection.repeated(curator -> {
                        curator.delete().forPath(ROOT + "/" + name);
                        return name;
                    });
                } catch (KeeperException.NoNodeException _) {
                    // Another appliance was first.
                }
            }
        }
    }

    /// @param count at most so many
    /// @return the newest, the oldest of them first
    /// @throws ClusterException NOT_CONNECTED, RECORD_DAMAGED
    public List<Event> newest(int count) {
        try {
            List<String> names = names();
            List<Event> events = new ArrayList<>();
            for (String name : names.subList(Math.max(0, names.size() - count), names.size())) {
                try {
                    byte[] content =
                            connection.repeated(
                                    curator -> curator.getData().forPath(ROOT + "/" + name));
                    events.add(event(name, content));
                } catch (KeeperException.NoNodeException _) {
                    // It was too old.
                }
            }
            return events;
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    private List<String> names() throws KeeperException {
        try {
            return connection.repeated(curator -> curator.getChildren().forPath(ROOT)).stream()
                    .sorted()
                    .toList();
        } catch (KeeperException.NoNodeException _) {
            return List.of();
        }
    }

    private static Event event(String name, byte[] content) {
        try {
            Fields fields = Fields.decode(KIND, content);
            return new Event(
                    Long.parseLong(name.substring(PREFIX.length())),
                    fields.instant("at"),
                    fields.text("kind"),
                    fields.text("by"),
                    fields.text("text"));
        } catch (TlsException exception) {
            throw new ClusterException(
                    ClusterError.RECORD_DAMAGED,
                    name + " makes no sense: " + exception.getMessage(),
                    exception);
        }
    }
}
