package org.bitfusion.manager.member;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.connection.Watch;
import org.bitfusion.cluster.ensemble.Health;
import org.bitfusion.cluster.ensemble.Membership;
import org.bitfusion.cluster.ensemble.SettleOutcome;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.authority.PoolKey;
import org.bitfusion.tls.authority.Renewal;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.request.CertificateRequest;
import org.bitfusion.tls.revocation.RevocationList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// What a member does all the time, on a virtual thread of its own: keeps its copy of the
/// revocations, sees to it that those vote who should, has the pool key where it votes, and renews
/// its certificate. What fails is tried again.
public final class Upkeep implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);
    private static final Duration BETWEEN = Duration.ofSeconds(5);

    /// So long a member may be away and keep its vote.
    private static final Duration ABSENCE = Duration.ofMinutes(1);

    private static final int OK = 200;
    private static final JsonMapper JSON = new JsonMapper();

    private final Pool pool;
    private final ManagerFolder folder;
    private final ManagerSettings settings;
    private final Map<Integer, Instant> lastSeen = new HashMap<>();
    private final Semaphore wake = new Semaphore(0);
    private final Thread thread;
    private final Watch revocations;
    private volatile boolean isClosed;

    /// Whether the certificate was renewed since the start: it names what it is to name.
    private boolean isAsked;

    public Upkeep(Pool pool, ManagerFolder folder, ManagerSettings settings) {
        this.pool = pool;
        this.folder = folder;
        this.settings = settings;
        revocations = pool.store().watch(RevocationList.FOLDER, wake::release);
        thread = Thread.ofVirtual().name("upkeep").start(this::run);
    }

    private void run() {
        while (!isClosed) {
            attempt("revocations", pool.revocations()::refresh);
            attempt("votes", this::settle);
            attempt("removals", this::endRemovals);
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

    /// Of which the manager that began them did not come to the end.
    private void endRemovals() {
        List<Removals.Removal> begun = pool.removals().begun();
        if (begun.isEmpty()) {
            return;
        }
        Set<UUID> members = new HashSet<>();
        pool.ensemble().membership().members().forEach(each -> members.add(each.appliance()));
        for (Removals.Removal removal : begun) {
            if (!members.contains(removal.appliance())) {
                pool.revoke(removal);
                LOG.info("appliance={} was removed by={}", removal.appliance(), removal.by());
            }
        }
    }

    private void renew() {
        X509Certificate present = pool.identity().get().certificate();
        boolean isComplete = isAsked || OwnCertificate.isNamedBy(present, settings);
        if (isComplete && Renewal.of(present, pool.now()) == Renewal.NOT_DUE) {
            return;
        }
        Optional<Issuer> issuer = pool.issuer();
        if (issuer.isPresent()) {
            use(
                    OwnCertificate.issue(
                            issuer.get().authority(),
                            pool.self().appliance(),
                            settings,
                            pool.now()));
        } else {
            renewElsewhere();
        }
    }

    private void use(Identity next) {
        pool.replaceIdentity(next);
        isAsked = true;
        LOG.info("renewed until={}", next.certificate().getNotAfter());
    }

    private void renewElsewhere() {
        KeyPair pair = PrivateKeys.generate();
        byte[] body =
                JSON.writeValueAsBytes(
                        Map.of(
                                "request", CertificateRequest.write(pair, settings.name()),
                                "hostNames", OwnCertificate.hostNames(settings),
                                "addresses", OwnCertificate.addresses(settings)));
        try (Peers peers = new Peers(pool.outgoing())) {
            for (ApplianceDirectory.Entry entry : pool.appliances().entries()) {
                for (String address : entry.controlAddresses()) {
                    if (!entry.appliance().equals(pool.self().appliance())
                            && isRenewed(peers, address, pair, body)) {
                        return;
                    }
                }
            }
        }
        LOG.warn("certificate error=\"no appliance with the pool key renewed it\"");
    }

    private boolean isRenewed(Peers peers, String address, KeyPair pair, byte[] body) {
        try {
            Peers.Answer answer =
                    peers.send("POST", address, "/api/v1/renewal", Map.of(), Optional.of(body));
            if (answer.status() == OK) {
                String chain = JSON.readTree(answer.body()).path("certificates").asString("");
                use(new Identity(pair.getPrivate(), Certificates.read(chain)));
                return true;
            }
            LOG.info("renewal at={} status={}", address, answer.status());
        } catch (IOException | JacksonException exception) {
            LOG.info("renewal at={} error={}", address, exception.getMessage());
        }
        return false;
    }

    @Override
    public void close() {
        isClosed = true;
        wake.release();
        thread.interrupt();
        revocations.close();
    }
}
