package org.bitfusion.manager.member;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.process.ZooKeeperFolder;
import org.bitfusion.tls.authority.CertificateAuthority;
import org.bitfusion.tls.authority.Lifetimes;
import org.bitfusion.tls.authority.PoolKey;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.store.MemoryRecordStore;
import org.bitfusion.tls.store.RecordPath;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The first start of a pool's first appliance. ZooKeeper lets in nobody without a certificate of
/// the pool, so the authority is made first, in memory, and put into ZooKeeper once that runs. A
/// founding that was cut off is begun anew: nobody can have joined it.
public final class Founding {
    private static final Logger LOG = LoggerFactory.getLogger(Founding.class);

    /// A cold JVM on a busy machine.
    static final Duration PATIENCE = Duration.ofSeconds(90);

    private static final String AUTHORITY = "authority";

    private Founding() {}

    /// @throws ManagerException if ZooKeeper does not start
    public static Pool found(ManagerFolder folder, ManagerSettings settings, InstantSource clock) {
        Instant now = clock.instant();
        folder.putAside(now);
        PoolKey key = PoolKey.generate();
        MemoryRecordStore store = new MemoryRecordStore();
        CertificateAuthority authority =
                CertificateAuthority.create(store, key, Lifetimes.DEFAULT, now);
        UUID appliance = UUID.randomUUID();
        Identity identity = OwnCertificate.issue(authority, appliance, settings, now);
        key.writeFile(folder.poolKey());
        Certificates.writeFile(folder.roots(), List.of(authority.root()));
        identity.writeFile(folder.identity());
        Member self = new Member(1, appliance, settings.host(), settings.zooKeeper());
        ZooKeeperFolder zooKeeper = new ZooKeeperFolder(folder.zooKeeper());
        zooKeeper.writeIdentity(identity);
        zooKeeper.writeRoots(List.of(authority.root()));
        zooKeeper.begin(self, List.of(self), List.of());
        Pool pool = Pool.open(folder, settings, self, clock);
        try {
            fill(pool, store);
            ManagerYaml.write(
                    folder.yaml(), settings, new ManagerYaml.Place(appliance, self.number()));
            LOG.info("founded pool={} appliance={}", authority.pool(), appliance);
            return pool;
        } catch (RuntimeException exception) {
            pool.close();
            throw exception;
        }
    }

    private static void fill(Pool pool, MemoryRecordStore store) {
        awaitConnected(pool);
        for (String name : store.list(AUTHORITY)) {
            RecordPath path = new RecordPath(AUTHORITY, name);
            store.read(path).ifPresent(record -> pool.store().create(path, record.content()));
        }
        pool.ensemble().found(pool.self());
        pool.state().prepare();
        pool.events()
                .append(
                        pool.now(),
                        "pool-founded",
                        "appliance " + pool.self().appliance(),
                        "pool " + pool.trust().pool() + " was founded at " + pool.self().host());
    }

    static void awaitConnected(Pool pool) {
        if (!pool.connection().awaitConnected(PATIENCE)) {
            throw new ManagerException(
                    "ZooKeeper does not answer at "
                            + pool.self().clientAddress()
                            + "; see zookeeper.log and zookeeper.out in its folder");
        }
    }
}
