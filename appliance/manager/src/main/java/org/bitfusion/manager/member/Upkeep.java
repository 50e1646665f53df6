package org.bitfusion.manager.member;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.connection.Presence;
import org.bitfusion.cluster.connection.Watch;
import org.bitfusion.cluster.ensemble.Health;
import org.bitfusion.cluster.ensemble.Membership;
import org.bitfusion.cluster.ensemble.SettleOutcome;
import org.bitfusion.dispatcher.ServedDevice;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.authority.PoolKey;
import org.bitfusion.tls.authority.Renewal;
import org.bitfusion.tls.revocation.RevocationList;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a member does all the time, on a virtual thread of its own: says what it is and has, keeps
/// its copy of the revocations, sees to it that those vote who should, has the pool key where it
/// votes, and renews its certificate. What fails is tried again.
public final class Upkeep implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);
    private static final Duration BETWEEN = Duration.ofSeconds(5);

    /// So long a member may be away and keep its vote.
    private static final Duration ABSENCE = Duration.ofMinutes(1);

    private static final int OK = 200;
    private static final long MIB = 1 << 20;

    private final Pool pool;
    private final ManagerFolder folder;
    private final ManagerSettings settings;
    private final String build;
    private final CompletableFuture<List<ServedDevice>> devices;
    private final Map<Integer, Instant> lastSeen = new HashMap<>();
    private final Semaphore wake = new Semaphore(0);
    private final Thread thread;
    private final Watch revocations;
    private @Nullable Presence presence;
    private boolean isAnnounced;
    private boolean isListed;
    private volatile boolean isClosed;

    public Upkeep(
            Pool pool,
            ManagerFolder folder,
            ManagerSettings settings,
            String build,
            CompletableFuture<List<ServedDevice>> devices) {
        this.pool = pool;
        this.folder = folder;
        this.settings = settings;
        this.build = build;
        this.devices = devices;
        revocations = pool.store().watch(RevocationList.FOLDER, wake::release);
        var _ = devices.thenRun(wake::release);
        thread = Thread.ofVirtual().name("upkeep").start(this::run);
    }

    private void run() {
        while (!isClosed) {
            attempt("directory", this::list);
            attempt("announce", this::announce);
            attempt("revocations", pool.revocations()::refresh);
            attempt("votes", this::settle);
            attempt("certificate", this::renew);
            try {
                if (wake.tryAcquire(BETWEEN.toMillis(), TimeUnit.MILLISECONDS)) {
                    wake.drainPermits();
                }
            } catch (InterruptedException _) {
                return;
            }
        }
    }

    private void attempt(String what, Runnable task) {
        if (isClosed || !pool.connection().isConnected()) {
            return;
        }
        try {
            task.run();
        } catch (ClusterException | TlsException exception) {
            LOG.warn("upkeep={} error={}", what, exception.getMessage());
        } catch (RuntimeException exception) {
            LOG.error("upkeep={}", what, exception);
        }
    }

    /// Where this appliance is reached.
    private void list() {
        if (!isListed) {
            pool.appliances()
                    .say(
                            new ApplianceDirectory.Entry(
                                    pool.self().appliance(),
                                    settings.name(),
                                    settings.addresses(),
                                    settings.port(),
                                    settings.dispatcherPort(),
                                    build));
            isListed = true;
        }
    }

    /// What GPUs it has, once the first worker has told. An administrator's word that it is drained
    /// stays.
    private void announce() {
        if (isAnnounced || !devices.isDone() || devices.isCompletedExceptionally()) {
            return;
        }
        boolean isDrained = pool.state().isDrained(pool.self().appliance());
        pool.state()
                .announce(
                        new Appliance(
                                pool.self().appliance(),
                                new Appliance.Host(
                                        settings.name(), settings.addresses(), false, "", ""),
                                isDrained ? ApplianceState.DRAINING : ApplianceState.AVAILABLE,
                                gpus(devices.join())));
        if (presence == null) {
            presence = pool.state().presence(pool.self().appliance());
        }
        isAnnounced = true;
        LOG.info("announced gpus={} drained={}", devices.join().size(), isDrained);
    }

    private static List<Gpu> gpus(List<ServedDevice> served) {
        return served.stream()
                .map(device ->
                        new Gpu(
                                device.driverIndex(),
                                device.uuid(),
                                device.name(),
                                Math.toIntExact(device.servedBytes() / MIB),
                                0))
                .toList();
    }

    /// Those that are reached, or were a moment ago: a restart costs nobody its vote.
    private Set<Integer> counted(Health health) {
        Set<Integer> counted = new HashSet<>(health.reachable());
        for (Health.MemberHealth each : health.members()) {
            int number = each.member().number();
            if (each.isReachable()) {
                lastSeen.put(number, pool.now());
            } else if (lastSeen.getOrDefault(number, Instant.MIN)
                    .isAfter(pool.now().minus(ABSENCE))) {
                counted.add(number);
            }
        }
        return counted;
    }

    /// Asks who is there, and gives votes accordingly. Who votes has the pool key.
    private void settle() {
        Membership membership = pool.ensemble().membership();
        pool.connection().members(membership.members());
        switch (pool.ensemble().settle(counted(pool.health()))) {
            case SettleOutcome.Settled(Membership settled) -> {
                if (settled.voters().contains(pool.self().number()) && !pool.isIssuer()) {
                    fetchPoolKey(settled);
                }
            }
            case SettleOutcome.NoMajority(String why) -> LOG.warn("votes error={}", why);
        }
    }

    private void fetchPoolKey(Membership membership) {
        try (Peers peers = new Peers(pool.outgoing())) {
            for (ApplianceDirectory.Entry entry : pool.appliances().entries()) {
                boolean votes =
                        membership.votingMembers().stream()
                                .anyMatch(member -> member.appliance().equals(entry.appliance()));
                if (votes && !entry.appliance().equals(pool.self().appliance())) {
                    fetchPoolKey(peers, entry);
                }
                if (pool.isIssuer()) {
                    return;
                }
            }
        }
    }

    private void fetchPoolKey(Peers peers, ApplianceDirectory.Entry entry) {
        for (String address : entry.controlAddresses()) {
            try {
                Peers.Answer answer =
                        peers.send(
                                "GET",
                                address,
                                "/api/v1/appliance/pool-key",
                                Map.of(),
                                Optional.empty());
                if (answer.status() == OK) {
                    PoolKey.parse(new String(answer.body(), StandardCharsets.US_ASCII))
                            .writeFile(folder.poolKey());
                    LOG.info("pool key of={} this appliance issues now", entry.name());
                    return;
                }
                LOG.warn("pool key of={} status={}", entry.name(), answer.status());
            } catch (IOException exception) {
                LOG.warn("pool key of={} error={}", entry.name(), exception.getMessage());
            }
        }
    }

    private void renew() {
        if (Renewal.of(pool.identity().get().certificate(), pool.now()) == Renewal.NOT_DUE) {
            return;
        }
        Optional<Issuer> issuer = pool.issuer();
        if (issuer.isPresent()) {
            pool.replaceIdentity(
                    OwnCertificate.issue(
                            issuer.get().authority(),
                            pool.self().appliance(),
                            settings,
                            pool.now()));
            LOG.info("renewed until={}", pool.identity().get().certificate().getNotAfter());
        }
    }

    /// Says that this appliance is no longer there.
    @Override
    public void close() {
        isClosed = true;
        wake.release();
        thread.interrupt();
        revocations.close();
        Presence shown = presence;
        if (shown != null) {
            shown.close();
        }
    }
}
