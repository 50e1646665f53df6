package org.bitfusion.cluster.connection;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.curator.ensemble.fixed.FixedEnsembleProvider;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.zookeeper.ClientCnxnSocketNetty;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.common.ZKConfig;
import org.bitfusion.cluster.ClusterError;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.process.ZooKeeperFolder;

/// An appliance's connection to the pool's ZooKeeper: TLS 1.3 with the appliance's certificate, any
/// member that can be reached. Its paths begin at `/bitfusion`. Thread-safe.
///
/// **When it breaks** Curator would send a change again and could not tell its own doing from
/// another's. So nothing is repeated behind the callers' backs: what may be repeated is repeated
/// here ([#repeated]), of a change it is said whether it may have taken place ([#change]). A change
/// whose answer was lost is decided once the same session is connected again and has been brought
/// up to date ([#settled]): ZooKeeper refuses what a session sent through the member before.
public final class PoolConnection implements AutoCloseable {
    /// The most that ZooKeeper and its clients take in one message: a grant over several
    /// appliances, or the names of all leases. Its own default is 1 MiB.
    public static final int MOST_BYTES = 8 << 20;

    private static final String NAMESPACE = "bitfusion";

    /// An answer that takes longer than that counts as lost.
    private static final Duration LONGEST_ANSWER = Duration.ofSeconds(10);

    private final CuratorFramework curator;
    private final FixedEnsembleProvider addresses;
    private final Settings settings;
    private volatile boolean isLost;

    /// @param folder whose identity and roots are used, read again at each connection
    /// @param members of which any is connected to
    /// @param session how long ZooKeeper keeps the session of an appliance that went silent
    /// @param patience how long a caller waits for a connection that broke a moment ago, or is just
    ///   being made. Once the session is lost nobody waits.
    public record Settings(
            ZooKeeperFolder folder, List<Member> members, Duration session, Duration patience) {
        public static final Duration SESSION = Duration.ofSeconds(15);
        public static final Duration PATIENCE = Duration.ofSeconds(6);

        public Settings {
            members = List.copyOf(members);
        }
    }

    /// One request to ZooKeeper.
    @FunctionalInterface
    public interface Operation<T> {
        T run(CuratorFramework curator) throws Exception;
    }

    /// Begins to connect, and returns at once.
    public PoolConnection(Settings settings) {
        this.settings = settings;
        addresses = new FixedEnsembleProvider(text(settings.members()), true);
        curator =
                CuratorFrameworkFactory.builder()
                        .ensembleProvider(addresses)
                        .ensembleTracker(false)
                        .namespace(NAMESPACE)
                        .sessionTimeoutMs((int) settings.session().toMillis())
                        .connectionTimeoutMs((int) settings.patience().toMillis())
                        .retryPolicy((count, elapsed, sleeper) -> false)
                        .zkClientConfig(tls(settings.folder()))
                        .build();
        curator.getConnectionStateListenable()
                .addListener((_, state) -> isLost = state == ConnectionState.LOST);
        curator.start();
    }

    private static ZKClientConfig tls(ZooKeeperFolder folder) {
        ZKClientConfig config = new ZKClientConfig();
        config.setProperty(ZKClientConfig.SECURE_CLIENT, "true");
        config.setProperty(
                ZKClientConfig.ZOOKEEPER_CLIENT_CNXN_SOCKET, ClientCnxnSocketNetty.class.getName());
        config.setProperty(
                ZKClientConfig.ZOOKEEPER_REQUEST_TIMEOUT, Long.toString(LONGEST_ANSWER.toMillis()));
        config.setProperty(ZKConfig.JUTE_MAXBUFFER, Integer.toString(MOST_BYTES));
        // It would ask for the name of each address, and compare the certificate with that.
        config.setProperty(ZKClientConfig.ENABLE_CLIENT_SASL_KEY, "false");
        config.setProperty("zookeeper.ssl.keyStore.location", folder.identityFile().toString());
        config.setProperty("zookeeper.ssl.keyStore.type", "PEM");
        config.setProperty("zookeeper.ssl.trustStore.location", folder.rootsFile().toString());
        config.setProperty("zookeeper.ssl.trustStore.type", "PEM");
        config.setProperty("zookeeper.ssl.protocol", "TLSv1.3");
        config.setProperty("zookeeper.ssl.enabledProtocols", "TLSv1.3");
        config.setProperty(
                "zookeeper.ssl.ciphersuites", "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384");
        return config;
    }

    private static String text(Collection<Member> members) {
        return members.stream().map(Member::clientAddress).collect(Collectors.joining(","));
    }

    /// Connects to these from now on; a connection to another goes over to one of them.
    public void members(Collection<Member> members) {
        addresses.setConnectionString(text(members));
    }

    /// Whether a member with a majority answers now.
    public boolean isConnected() {
        return curator.getZookeeperClient().isConnected();
    }

    /// @return whether it is connected
    public boolean awaitConnected(Duration atMost) {
        try {
            return curator.blockUntilConnected((int) atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /// Runs what may be run more than once, such as a read: again when the connection broke
    /// meanwhile.
    ///
    /// @throws ClusterException NOT_CONNECTED, REFUSED_BY_ZOOKEEPER
    /// @throws KeeperException what ZooKeeper answered, other than that the connection broke
    public <T> T repeated(Operation<T> operation) throws KeeperException {
        // A connection that broke while it was asked is up again, or not, within the patience.
        for (int attempt = 0; attempt < 3; attempt++) {
            Attempt<T> outcome = attempt(operation);
            if (outcome instanceof Attempt.Done<T>(T value)) {
                return value;
            }
            if (outcome instanceof Attempt.NotSent<T>) {
                break;
            }
        }
        throw notConnected();
    }

    /// Runs a change once.
    ///
    /// @throws KeeperException what ZooKeeper answered: it did not take place
    public <T> Attempt<T> change(Operation<T> operation) throws KeeperException {
        return attempt(operation);
    }

    /// Waits until everything that this session sent before has taken place or never will; a read
    /// that follows sees it, and what others were acknowledged before.
    ///
    /// @throws ClusterException NOT_CONNECTED
    public void settled() {
        try {
            repeated(connected -> {
                // Curator's own does not wait for the answer.
                connected.getZookeeperClient().getZooKeeper().sync("/" + NAMESPACE);
                return NAMESPACE;
            });
        } catch (KeeperException exception) {
            throw refused(exception);
        }
    }

    private <T> Attempt<T> attempt(Operation<T> operation) throws KeeperException {
        if (isLost ? !isConnected() : !awaitConnected(settings.patience())) {
            return new Attempt.NotSent<>();
        }
        try {
            return new Attempt.Done<>(operation.run(curator));
        } catch (KeeperException.ConnectionLossException
                | KeeperException.OperationTimeoutException
                | KeeperException.RequestTimeoutException
                | KeeperException.SessionMovedException
                | KeeperException.SessionExpiredException exception) {
            return new Attempt.Unknown<>(String.valueOf(exception.getMessage()));
        } catch (KeeperException | RuntimeException exception) {
            throw exception;
        } catch (InterruptedException exception) {
            Thread.currentThread().interrupt();
            return new Attempt.Unknown<>("interrupted");
        } catch (Exception exception) {
            throw new ClusterException(
                    ClusterError.REFUSED_BY_ZOOKEEPER, "ZooKeeper: " + exception, exception);
        }
    }

    /// Calls `changed` as [Watch] says, in whichever session.
    ///
    /// @return closing it ends the calls
    public Watch watch(String path, Runnable changed) {
        return new Watch(curator, path, changed);
    }

    /// Makes a node that is there as long as this connection's session lives, and in the next.
    public Presence present(String path) {
        return new Presence(curator, path);
    }

    private ClusterException notConnected() {
        return new ClusterException(
                ClusterError.NOT_CONNECTED,
                "no member of the pool with a majority answers at "
                        + addresses.getConnectionString()
                        + "; what runs goes on, and all heals when enough appliances that vote are"
                        + " back");
    }

    /// What ZooKeeper answered and nobody expected.
    public static ClusterException refused(KeeperException exception) {
        return new ClusterException(
                ClusterError.REFUSED_BY_ZOOKEEPER,
                "ZooKeeper refused: " + exception.getMessage(),
                exception);
    }

    @Override
    public void close() {
        curator.close();
    }
}
