package org.bitfusion.manager.member;

import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.cluster.ensemble.Ensemble;
import org.bitfusion.cluster.ensemble.Health;
import org.bitfusion.cluster.ensemble.HealthProbe;
import org.bitfusion.cluster.pool.Events;
import org.bitfusion.cluster.pool.PoolSettings;
import org.bitfusion.cluster.pool.PoolState;
import org.bitfusion.cluster.process.ZooKeeperFolder;
import org.bitfusion.cluster.process.ZooKeeperProcess;
import org.bitfusion.cluster.store.ZooKeeperRecordStore;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.authority.Lifetimes;
import org.bitfusion.tls.authority.PoolKey;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.identity.CurrentIdentity;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.revocation.Revocation;
import org.bitfusion.tls.revocation.Revoked;
import org.bitfusion.tls.user.Users;
import org.jspecify.annotations.Nullable;

/// The pool as a member has it: its ZooKeeper process, its connection, and all that is kept there.
/// Thread-safe. Without a majority it is there all the same; what needs one fails with
/// `ClusterException` or `TlsException` STORE_FAILED.
public final class Pool implements AutoCloseable {
    /// For one member's answer about its health.
    private static final Duration PROBE_PATIENCE = Duration.ofSeconds(2);

    private final ManagerFolder folder;
    private final Member self;
    private final InstantSource clock;
    private final CurrentIdentity identity;
    private final PoolTrust trust;
    private final TlsContext outgoing;
    private final ZooKeeperFolder zooKeeperFolder;
    private final ZooKeeperProcess process;
    private final PoolConnection connection;
    private final ZooKeeperRecordStore store;
    private final Revocations revocations;
    private final Users users;
    private final ApplianceDirectory appliances;
    private @Nullable Issuer issuer;

    private Pool(ManagerFolder folder, ManagerSettings settings, Member self, InstantSource clock) {
        this.folder = folder;
        this.self = self;
        this.clock = clock;
        identity = new CurrentIdentity(Identity.readFile(folder.identity()));
        zooKeeperFolder = new ZooKeeperFolder(folder.zooKeeper());
        process =
                new ZooKeeperProcess(
                        new ZooKeeperProcess.Settings(
                                zooKeeperFolder,
                                self,
                                ZooKeeperProcess.Settings.TICK,
                                ZooKeeperProcess.Settings.HEAP_MIB),
                        clock);
        connection =
                new PoolConnection(
                        new PoolConnection.Settings(
                                zooKeeperFolder,
                                List.of(self),
                                PoolConnection.Settings.SESSION,
                                PoolConnection.Settings.PATIENCE));
        store = new ZooKeeperRecordStore(connection);
        revocations = new Revocations(store, zooKeeperFolder.revocations());
        trust =
                PoolTrust.ofAppliance(
                        Certificates.readFile(folder.roots()), revocations::snapshot, clock);
        outgoing = TlsContext.client(Optional.of(identity), trust);
        users = new Users(store);
        appliances =
                new ApplianceDirectory(
                        state(),
                        new ApplianceDirectory.Entry(
                                self.appliance(),
                                settings.name(),
                                settings.addresses(),
                                settings.port()));
    }

    /// Starts this member's ZooKeeper, and returns without waiting until it serves. Its folder has
    /// what [Founding] or [Joining] put there.
    static Pool open(
            ManagerFolder folder, ManagerSettings settings, Member self, InstantSource clock) {
        return new Pool(folder, settings, self, clock);
    }

    /// Goes on as the member that an earlier start became.
    public static Pool goOn(
            ManagerFolder folder,
            ManagerSettings settings,
            ManagerYaml.Place place,
            InstantSource clock) {
        Pool pool =
                open(
                        folder,
                        settings,
                        new Member(
                                place.number(),
                                place.appliance(),
                                settings.host(),
                                settings.zooKeeper()),
                        clock);
        pool.showIdentity();
        return pool;
    }

    /// What ZooKeeper shows from now on is the certificate in use.
    void showIdentity() {
        zooKeeperFolder.writeIdentity(identity.get());
    }

    void replaceIdentity(Identity next) {
        next.writeFile(folder.identity());
        identity.replace(next);
        showIdentity();
    }

    public Member self() {
        return self;
    }

    public Instant now() {
        return clock.instant();
    }

    public CurrentIdentity identity() {
        return identity;
    }

    public PoolTrust trust() {
        return trust;
    }

    /// For connections to other appliances, with this one's certificate.
    public TlsContext outgoing() {
        return outgoing;
    }

    public PoolConnection connection() {
        return connection;
    }

    public ZooKeeperRecordStore store() {
        return store;
    }

    public Revocations revocations() {
        return revocations;
    }

    public Users users() {
        return users;
    }

    public PoolState state() {
        return new PoolState(connection);
    }

    public PoolSettings settings() {
        return new PoolSettings(store);
    }

    public Events events() {
        return new Events(connection);
    }

    public Ensemble ensemble() {
        return new Ensemble(connection);
    }

    public ApplianceDirectory appliances() {
        return appliances;
    }

    public Removals removals() {
        return new Removals(store);
    }

    public ClientDirectory clients() {
        return new ClientDirectory(store);
    }

    /// Has the certificate of an appliance that left count no longer, which ends its removal.
    ///
    /// @throws org.bitfusion.tls.TlsException STORE_FAILED
    public void revoke(Removals.Removal removal) {
        revocations.revoke(
                new Revocation(
                        new Revoked.OfPeer(PeerRole.APPLIANCE, removal.appliance()),
                        removal.by(),
                        "removed from the pool",
                        now(),
                        now().plus(Lifetimes.DEFAULT.appliances())));
        removals().over(removal.appliance());
    }

    /// Asks every member.
    public Health health() {
        return new HealthProbe(outgoing, PROBE_PATIENCE).ask(ensemble().membership());
    }

    /// Whether the pool key lies here.
    public boolean isIssuer() {
        return Files.exists(folder.poolKey());
    }

    /// What an appliance with the pool key can do; empty where there is none.
    ///
    /// @throws org.bitfusion.tls.TlsException POOL_KEY_WRONG, STORE_FAILED
    public synchronized Optional<Issuer> issuer() {
        if (issuer == null && isIssuer()) {
            issuer = Issuer.open(store, PoolKey.readFile(folder.poolKey()), revocations::snapshot);
        }
        return Optional.ofNullable(issuer);
    }

    /// The pool key, for another voting appliance.
    public Optional<PoolKey> poolKey() {
        return isIssuer() ? Optional.of(PoolKey.readFile(folder.poolKey())) : Optional.empty();
    }

    /// Ends the connection and ZooKeeper.
    @Override
    public void close() {
        connection.close();
        process.close();
    }
}
