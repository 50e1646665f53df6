package org.bitfusion.dispatcher;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.control.WorkerReport;
import org.bitfusion.protocol.message.LeaseRequest;
import org.bitfusion.protocol.message.LeaseUseAnswer;
import org.bitfusion.protocol.message.SessionOpen;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings leases, workers and the ledger together. Everything runs on one thread.
final class SessionBroker {
    private static final Logger LOG = LoggerFactory.getLogger(SessionBroker.class);

    /// How long a worker may take to end by itself once its program has ended.
    private static final long PATIENCE_WITH_THE_DEAD_MILLISECONDS = 1_000;

    private static final long EXPIRY_CHECK_MILLISECONDS = 500;

    private final DispatcherSettings settings;
    private final ScheduledExecutorService executor;
    private final WorkerPool pool;
    private final List<ServedDevice> devices;
    private final Ledger ledger;
    private final RunFolder folder;
    private final Consumer<UUID> givenBack;
    private final LeaseTable leases;
    private final LeaseUses uses;
    private final WaitingLine line = new WaitingLine(System::nanoTime);
    private final SessionTable sessions = new SessionTable();
    private final Map<UUID, Ending> endings = new HashMap<>();

    /// Who waits for a worker, by lease.
    private final Map<UUID, Set<SessionRequest>> asking = new HashMap<>();

    private boolean isPoolOnly;

    private record Ending(Lease lease, List<Runnable> whenDone) {}

    private static final String NO_REASON = "";

    /// @param givenBack told of each lease of the pool that is over, when its memory is free
    SessionBroker(
            DispatcherSettings settings,
            ScheduledExecutorService executor,
            WorkerPool pool,
            List<ServedDevice> devices,
            Ledger ledger,
            RunFolder folder,
            Consumer<UUID> givenBack) {
        this.givenBack = givenBack;
        this.settings = settings;
        this.executor = executor;
        this.pool = pool;
        this.devices = List.copyOf(devices);
        this.ledger = ledger;
        this.folder = folder;
        leases = new LeaseTable(devices, ledger, folder, settings.renewal(), System::nanoTime);
        uses = new LeaseUses(settings.build(), this.devices, leases, ledger);
        var _ =
                executor.scheduleWithFixedDelay(
                        this::endExpired,
                        EXPIRY_CHECK_MILLISECONDS,
                        EXPIRY_CHECK_MILLISECONDS,
                        TimeUnit.MILLISECONDS);
        var _ = executor.scheduleWithFixedDelay(ledger::refresh, 1, 1, TimeUnit.HOURS);
    }

    /// Goes on with the leases and sessions of the dispatcher before.
    void restore() throws IOException {
        List<Lease> over = leases.restore();
        for (RunFolder.SessionRecord kept : folder.sessions()) {
            boolean known =
                    kept.lease().equals(Hello.NO_LEASE)
                            || leases.find(kept.lease()).isPresent()
                            || over.stream().anyMatch(lease -> lease.id().equals(kept.lease()));
            if (!known) {
                kept.process().kill();
            }
            if (!known || !kept.process().isAlive()) {
                folder.removeSession(kept.id());
                continue;
            }
            LOG.info("lease={} worker={} taken over", kept.lease(), kept.process().pid());
            sessions.add(kept.lease(), new Session(this, pool, kept));
        }
        // A lease's memory is free after what was cut out of it.
        over.sort(Comparator.comparing(lease -> lease.parent().isEmpty()));
        over.forEach(lease -> end(lease, NO_REASON, () -> {}));
        endOrphans();
    }

    /// Leases whose parent ended with the dispatcher before.
    private void endOrphans() {
        for (Lease lease : List.copyOf(leases.all())) {
            if (lease.parent().filter(parent -> leases.find(parent).isEmpty()).isPresent()) {
                release(lease.id(), NO_REASON, () -> {});
            }
        }
    }

    /// A session of a lease, or of none, was used so long ago.
    void used(UUID lease, Duration ago) {
        leases.used(lease, ago);
    }

    /// Since a lease was last used. As long as a program waits for a worker, or a worker that may
    /// work for it has not come to this dispatcher, that counts as use.
    private Duration idle(Lease lease) {
        return mayBeUsed(lease.id()) ? Duration.ZERO : leases.idle(lease);
    }

    private boolean mayBeUsed(UUID lease) {
        Set<SessionRequest> waiting = asking.get(lease);
        if (waiting != null && waiting.removeIf(SessionRequest::isOver) && waiting.isEmpty()) {
            asking.remove(lease);
        }
        return asking.containsKey(lease)
                || !sessions.of(lease).stream().allMatch(Session::isHeardOf)
                || leases.childrenOf(lease).stream().anyMatch(this::mayBeUsed);
    }

    /// From now on no lease is granted but by the pool.
    void leaseOnlyForPool() {
        isPoolOnly = true;
    }

    boolean isPoolOnly() {
        return isPoolOnly;
    }

    /// Takes what the pool granted.
    TakeOutcome take(PoolPart part) {
        if (endings.containsKey(part.lease())) {
            return new TakeOutcome.Refused("a lease with this identifier is just ending");
        }
        return switch (leases.take(part)) {
            case LeaseDecision.Granted(Lease lease) -> {
                LOG.info(
                        "lease={} client={} gpus={} taken",
                        lease.id(),
                        lease.client(),
                        lease.shares().size());
                yield new TakeOutcome.Taken();
            }
            case LeaseDecision.NotFree(String reason) -> refused(part, reason);
            case LeaseDecision.Impossible(String reason) -> refused(part, reason);
        };
    }

    private static TakeOutcome refused(PoolPart part, String reason) {
        LOG.warn(
                "lease={} client={} not taken, reason=\"{}\"", part.lease(), part.client(), reason);
        return new TakeOutcome.Refused(reason);
    }

    LedgerView view() {
        List<LedgerView.TakenPart> parts = new ArrayList<>();
        long[] pool = new long[devices.size()];
        for (Lease lease : leases.all()) {
            count(lease, false, parts, pool);
        }
        for (Ending ending : endings.values()) {
            count(ending.lease(), true, parts, pool);
        }
        List<LedgerView.LedgerGpu> gpus = new ArrayList<>();
        for (int i = 0; i < devices.size(); i++) {
            ServedDevice device = devices.get(i);
            gpus.add(
                    new LedgerView.LedgerGpu(
                            device.driverIndex(),
                            device.uuid(),
                            device.name(),
                            ledger.capacity(i),
                            pool[i],
                            Math.max(0, ledger.capacity(i) - ledger.free(i) - pool[i])));
        }
        return new LedgerView(gpus, parts);
    }

    private void count(
            Lease lease, boolean isEnding, List<LedgerView.TakenPart> parts, long[] pool) {
        lease.part()
                .ifPresent(part -> {
                    parts.add(new LedgerView.TakenPart(part, isEnding, idle(lease)));
                    if (part.parent() == null) {
                        lease.shares().forEach(share -> pool[share.device()] += share.limit());
                    }
                });
    }

    /// The worker that serves a session and has come again; empty if there is no such session.
    Optional<WorkerProcess> resumed(WorkerReport.Resumed resumed) {
        Optional<Session> session = sessions.find(resumed);
        session.ifPresent(
                each -> each.resumed(Duration.ofMillis(Math.max(0, resumed.idleMilliseconds()))));
        return session.map(Session::worker);
    }

    List<ServedDevice> devices() {
        return devices;
    }

    long free(int device) {
        return ledger.free(device);
    }

    /// @param asker the same each time a client asks again, until [#stopsAsking]
    /// @param secretOf gives a lease its secret
    LeaseDecision request(Object asker, LeaseRequest request, Function<UUID, Secret> secretOf) {
        LeaseDecision decision = leases.request(request, line.before(asker), secretOf);
        switch (decision) {
            case LeaseDecision.Granted(Lease lease) -> {
                line.leave(asker);
                lease.heldOver(asker);
                LOG.info(
                        "lease={} client={} pid={} gpus={} granted",
                        lease.id(),
                        request.clientName(),
                        request.process(),
                        lease.shares().size());
            }
            case LeaseDecision.NotFree(String reason) -> {
                if (line.stay(asker)) {
                    LOG.info(
                            "client={} pid={} waits, reason=\"{}\" held=\"{}\"",
                            request.clientName(),
                            request.process(),
                            reason,
                            holders());
                }
            }
            case LeaseDecision.Impossible(String reason) ->
                    LOG.warn("client={} refused, reason=\"{}\"", request.clientName(), reason);
        }
        return decision;
    }

    /// The connection over which a client asked is gone.
    void stopsAsking(Object asker) {
        line.leave(asker);
    }

    private String holders() {
        StringBuilder text = new StringBuilder(leases.holders());
        for (int device = 0; device < devices.size(); device++) {
            long reserved = ledger.reservedByOpen(device);
            if (reserved > 0) {
                text.append(text.isEmpty() ? "" : ", ")
                        .append(
                                "sessions without a lease %d MiB of GPU %d"
                                        .formatted(reserved >> 20, device));
            }
        }
        return text.toString();
    }

    Optional<Lease> lease(UUID id) {
        return leases.find(id);
    }

    /// Who uses how much of a lease, or of what leases have left ([Hello#NO_LEASE]).
    ///
    /// @return empty if there is no such lease (any more)
    Optional<LeaseUseAnswer> use(UUID id) {
        return uses.of(id, sessions.programs(id));
    }

    boolean renew(UUID id, Object connection) {
        return leases.renew(id, connection);
    }

    /// The connection of a lease's holder has ended. Where programs work the network may be to
    /// blame, and they are waited for as long as the lease lives; else nothing is lost with it.
    void holderGone(UUID id, Object connection) {
        if (sessions.of(id).stream().noneMatch(Session::isServed)) {
            leases.holderGone(id, connection, settings.grace());
        }
    }

    /// Ends a lease and its workers.
    ///
    /// @param reason what its programs' user is told; empty: nothing
    /// @param whenDone run when its memory is free
    /// @return false if there is no such lease
    boolean release(UUID id, String reason, Runnable whenDone) {
        Ending already = endings.get(id);
        if (already != null) {
            already.whenDone().add(whenDone);
            return true;
        }
        Optional<Lease> lease = leases.end(id);
        lease.ifPresent(ended -> end(ended, reason, whenDone));
        return lease.isPresent();
    }

    private void end(Lease lease, String reason, Runnable whenDone) {
        LOG.info("lease={} client={} ended, reason=\"{}\"", lease.id(), lease.client(), reason);
        Ending ending = new Ending(lease, new ArrayList<>(List.of(whenDone)));
        endings.put(lease.id(), ending);
        leases.childrenOf(lease.id()).forEach(child -> release(child, reason, () -> {}));
        Set<Session> open = sessions.of(lease.id());
        open.forEach(session -> session.end(reason));
        var _ =
                executor.schedule(
                        () -> open.forEach(Session::kill),
                        settings.grace().toMillis(),
                        TimeUnit.MILLISECONDS);
        finishIfLast(lease.id());
    }

    /// The client's host says that a session's program has ended: its worker ends, whatever the
    /// state of its connection. A session that is not there (any more) is fine.
    void end(UUID lease, UUID id) {
        for (Session session : sessions.of(lease)) {
            if (session.id().equals(id)) {
                LOG.info("lease={} session={} its program has ended", lease, id);
                session.end(NO_REASON);
                var _ =
                        executor.schedule(
                                session::kill,
                                PATIENCE_WITH_THE_DEAD_MILLISECONDS,
                                TimeUnit.MILLISECONDS);
            }
        }
    }

    private void finishIfLast(UUID id) {
        if (!sessions.of(id).isEmpty() || childrenEnd(id)) {
            return;
        }
        asking.remove(id);
        Ending ending = endings.remove(id);
        if (ending != null) {
            Lease lease = ending.lease();
            leases.giveBack(lease);
            ending.whenDone().forEach(Runnable::run);
            lease.part().ifPresent(part -> givenBack.accept(part.lease()));
            lease.parent().ifPresent(this::finishIfLast);
        }
    }

    /// What was cut out of a lease's share is part of its memory.
    private boolean childrenEnd(UUID parent) {
        return endings.values().stream()
                .anyMatch(ending -> ending.lease().parent().equals(Optional.of(parent)));
    }

    private void endExpired() {
        for (Lease lease : leases.expired()) {
            LOG.warn("lease={} client={} was not renewed in time", lease.id(), lease.client());
            release(lease.id(), NO_REASON, () -> {}); // may have ended with its parent
        }
    }

    /// Opens a session for a client of the lease, or of none ([Hello#NO_LEASE]).
    void open(
            ClientConnectionState.Joining joining,
            SessionOpen request,
            Consumer<SessionResult> taker) {
        UUID lease = joining.lease();
        if (hasAllSessions(lease)) {
            taker.accept(new SessionResult.TooMany());
            return;
        }
        used(lease, Duration.ZERO);
        asking.computeIfAbsent(lease, _ -> new HashSet<>()).add(joining.request());
        WorkerPool.Taker wanted =
                new WorkerPool.Taker() {
                    @Override
                    public boolean waits() {
                        return !joining.request().isOver();
                    }

                    @Override
                    public void take(@Nullable WorkerProcess worker) {
                        serve(joining, request, worker, taker);
                    }
                };
        pool.take(wanted);
    }

    private boolean hasAllSessions(UUID lease) {
        boolean all = sessions.of(lease).size() >= settings.mostSessions();
        if (all) {
            LOG.warn("lease={} has {} sessions, no more", lease, settings.mostSessions());
        }
        return all;
    }

    private void serve(
            ClientConnectionState.Joining joining,
            SessionOpen request,
            @Nullable WorkerProcess worker,
            Consumer<SessionResult> taker) {
        UUID lease = joining.lease();
        Optional<Lease> known = leases.find(lease);
        if (worker == null) {
            taker.accept(new SessionResult.NoWorker());
            return;
        }
        if (known.isEmpty() && !lease.equals(Hello.NO_LEASE)) {
            worker.kill();
            taker.accept(new SessionResult.LeaseEnded());
            return;
        }
        if (hasAllSessions(lease)) { // since it got in line
            worker.kill();
            taker.accept(new SessionResult.TooMany());
            return;
        }
        ClientProgram program = new ClientProgram(request.process(), request.program());
        Session session = new Session(this, worker, lease, program, taker);
        Path ledgerFile = known.map(Lease::ledgerFile).orElse(ledger.openFile());
        OptionalInt user;
        try {
            folder.write(session.record());
            user = folder.user(ledgerFile);
        } catch (IOException e) {
            LOG.error("lease={} error=\"no session: {}\"", lease, e.toString());
            worker.kill();
            taker.accept(new SessionResult.NoWorker());
            return;
        }
        sessions.add(lease, session);
        pool.assign(worker, session);
        session.open(
                settings,
                known.map(Lease::shares).orElseGet(ledger::openShares),
                ledgerFile,
                user,
                request,
                joining.handshake());
        Duration patience = Session.PATIENCE;
        var _ =
                executor.schedule(
                        session::giveUpOpening, patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    /// @return whether there is nothing that another dispatcher could go on with
    boolean close() {
        boolean isUnused = leases.isEmpty() && endings.isEmpty() && sessions.isEmpty();
        if (isUnused) {
            ledger.leave();
        } else {
            ledger.close();
        }
        leases.close();
        return isUnused;
    }

    int driverIndex(Share share) {
        return devices.get(share.device()).driverIndex();
    }

    /// What is kept of a session is something else now.
    void changed(Session session) {
        try {
            folder.write(session.record());
        } catch (IOException e) {
            LOG.warn(
                    "session={} error=\"its record stays as it was: {}\"",
                    session.id(),
                    e.toString());
        }
    }

    void ended(Session session, UUID lease) {
        folder.removeSession(session.id());
        sessions.remove(lease, session);
        finishIfLast(lease);
    }
}
