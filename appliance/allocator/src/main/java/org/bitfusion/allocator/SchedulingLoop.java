package org.bitfusion.allocator;

import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.election.Candidacy;
import org.bitfusion.cluster.pool.GrantOutcome;
import org.bitfusion.cluster.pool.HeldLease;
import org.bitfusion.cluster.pool.PoolSettings;
import org.bitfusion.cluster.pool.PoolState;
import org.bitfusion.cluster.pool.PoolView;
import org.bitfusion.scheduler.Decision;
import org.bitfusion.scheduler.Scheduler;
import org.bitfusion.scheduler.Snapshot;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.request.Refusal;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.tls.TlsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks who schedules, and, where this manager does, looks through the line whenever something has
/// changed: what can be granted is written into ZooKeeper, and its appliances are asked.
final class SchedulingLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SchedulingLoop.class);

    private final Allocator.Settings settings;
    private final PoolState pool;
    private final PoolSettings poolSettings;
    private final Candidacy candidacy;
    private final Line line;
    private final Granting granting;
    private final ExecutorService executor;
    private final Clocks clocks;
    private final Semaphore wake = new Semaphore(0);
    private final Map<UUID, Instant> avoidedUntil = new ConcurrentHashMap<>();

    /// Requests within a lease whose programs have its memory: the appliance gives to others all
    /// the same.
    private final Map<UUID, Instant> restingUntil = new ConcurrentHashMap<>();

    /// Grants whose appliances this manager asks for the first time: nobody can use them yet.
    private final Set<UUID> ownAttempts = ConcurrentHashMap.newKeySet();

    /// Since when an appliance of a lease that was found granted does not answer, by attempt.
    private final Map<UUID, Instant> silentSince = new ConcurrentHashMap<>();

    private final Thread thread;

    private volatile Snapshots.Terms terms = Snapshots.Terms.NONE;
    private volatile boolean areTermsOld = true;

    /// Only the loop's own thread asks.
    private boolean areTermsKnown;

    private volatile boolean isClosed;
    private volatile boolean isScheduling;

    /// As it was before this manager last found that it schedules: its grants are of no other.
    private int term;

    /// Until then those who waited at the manager before come here.
    private Instant settledAt = Instant.MAX;

    SchedulingLoop(
            Allocator.Settings settings,
            Pool pool,
            Line line,
            Granting granting,
            ExecutorService executor,
            Clocks clocks) {
        this.settings = settings;
        this.pool = pool.state();
        this.poolSettings = pool.settings();
        this.candidacy = pool.candidacy();
        this.line = line;
        this.granting = granting;
        this.executor = executor;
        this.clocks = clocks;
        thread = Thread.ofVirtual().name("scheduling").unstarted(this::run);
    }

    /// What the loop knows of the pool by.
    record Pool(PoolState state, PoolSettings settings, Candidacy candidacy) {}

    void start() {
        thread.start();
    }

    /// Something may have changed.
    void wake() {
        wake.release();
    }

    /// An administrator may have changed what holds for clients.
    void termsChanged() {
        areTermsOld = true;
        wake();
    }

    boolean isScheduling() {
        return isScheduling;
    }

    Snapshots.Terms terms() {
        return terms;
    }

    private void run() {
        while (!isClosed) {
            try {
                round();
            } catch (ClusterException | TlsException exception) {
                LOG.info("the line was not looked through: {}", exception.getMessage());
            } catch (RuntimeException exception) {
                LOG.error("the line was not looked through", exception);
            }
            try {
                var _ = wake.tryAcquire(settings.tick().toMillis(), TimeUnit.MILLISECONDS);
                wake.drainPermits();
            } catch (InterruptedException _) {
                return;
            }
        }
    }

    private void round() {
        if (!pool.isConnected()) {
            return;
        }
        readTerms();
        term = pool.term();
        schedules(maySchedule() && candidacy.seek().equals(Optional.of(settings.appliance())));
        if (!isScheduling) {
            return;
        }
        Instant now = clocks.steady();
        for (UUID unheard : line.dropVanished(now.minus(settings.vanishedAfter()))) {
            pool.held(unheard).ifPresent(held -> background(() -> granting.over(held, "")));
        }
        List<Line.Candidate> candidates = line.candidates();
        if (candidates.isEmpty()) {
            return;
        }
        pool.settled();
        look(pool.view(), candidates, now);
    }

    /// Whom the pool does not know the others do not find: one that has not announced itself yet,
    /// or was removed and still runs. Nor does anybody grant who has never heard of clients'
    /// limits.
    private boolean maySchedule() {
        if (areTermsKnown && pool.promised(settings.appliance()).isPresent()) {
            return true;
        }
        candidacy.giveUp();
        return false;
    }

    private void schedules(boolean now) {
        if (now != isScheduling) {
            if (now) {
                pool.beginTerm();
            }
            LOG.info("appliance={} schedules={}", settings.appliance(), now);
            settledAt = clocks.steady().plus(settings.settling());
            avoidedUntil.clear();
            silentSince.clear();
            isScheduling = now;
            line.open(now);
        }
    }

    /// Where they cannot be read the last ones hold on.
    private void readTerms() {
        if (areTermsOld) {
            areTermsOld = false;
            try {
                terms = new Snapshots.Terms(poolSettings.defaults(), poolSettings.clients());
                areTermsKnown = true;
            } catch (ClusterException | TlsException exception) {
                areTermsOld = true;
                LOG.warn("clients' terms were not read: {}", exception.getMessage());
            }
        }
    }

    private void look(PoolView view, List<Line.Candidate> candidates, Instant now) {
        avoidedUntil.values().removeIf(until -> !now.isBefore(until));
        restingUntil.values().removeIf(until -> !now.isBefore(until));
        Snapshot snapshot = Snapshots.of(view, terms, Set.copyOf(avoidedUntil.keySet()));
        Map<UUID, Line.Candidate> waiting = new HashMap<>();
        for (Line.Candidate candidate : candidates) {
            Optional<HeldLease> held = view.find(candidate.ask().id());
            if (held.isPresent()) {
                goOn(candidate, held.get(), view);
            } else if (!restingUntil.containsKey(candidate.ask().id())) {
                waiting.put(candidate.ask().id(), candidate);
                snapshot = snapshot.withWaiting(candidate.waiting());
            }
        }
        Set<UUID> decided =
                now.isBefore(settledAt) ? Set.of() : serve(view, snapshot, waiting, now);
        for (UUID request : decided) {
            snapshot = snapshot.withoutWaiting(request);
        }
        tellStandings(snapshot, now);
        if (!now.isBefore(settledAt) && line.areTried(waiting.keySet(), now)) {
            wake();
        }
    }

    /// It was granted before: its answer did not arrive, or the manager that granted it did not get
    /// further, or could not undo it.
    private void goOn(Line.Candidate candidate, HeldLease held, PoolView view) {
        Request request = candidate.ask().request();
        if (!held.lease().client().equals(request.client())) {
            line.decided(
                    request.id(),
                    new Answer.Refused(
                            Refusal.NO_SUCH_PARENT,
                            "another client's lease has this identifier: ask with a new one"));
        } else if (Collections.disjoint(avoidedUntil.keySet(), held.appliances())
                && line.isBeingGranted(request.id())) {
            background(() -> take(candidate.ask(), held, view));
        }
    }

    /// @return those that do not wait any more
    private Set<UUID> serve(
            PoolView view, Snapshot snapshot, Map<UUID, Line.Candidate> waiting, Instant now) {
        Set<UUID> decided = new HashSet<>();
        Scheduler.Round round = Scheduler.serve(snapshot, now);
        round.expired()
                .forEach(each -> {
                    decided.add(each.request().id());
                    line.timedOut(each.request().id());
                });
        round.refused()
                .forEach(each -> {
                    decided.add(each.waiting().request().id());
                    line.decided(
                            each.waiting().request().id(),
                            new Answer.Refused(each.refused().reason(), each.refused().sentence()));
                });
        PoolView present = view;
        for (Scheduler.Served served : round.served()) {
            Request request = served.waiting().request();
            Ask ask = Objects.requireNonNull(waiting.get(request.id())).ask();
            HeldLease held =
                    HeldLease.of(
                            served.granted().lease(request.id(), request),
                            UUID.randomUUID(),
                            ask.asker().user());
            if (!isGranted(held, present)) {
                wake(); // the pool is not as it was thought: look again
                break;
            }
            decided.add(request.id());
            ownAttempts.add(held.attempt());
            present = present.with(held);
            PoolView granted = present;
            background(() -> take(ask, held, granted));
        }
        return decided;
    }

    private boolean isGranted(HeldLease held, PoolView view) {
        UUID request = held.lease().id();
        if (!line.isBeingGranted(request)) {
            return false;
        }
        GrantOutcome outcome;
        try {
            outcome = pool.grant(held, view, term);
        } catch (RuntimeException exception) {
            line.waitsOn(request);
            throw exception;
        }
        if (outcome instanceof GrantOutcome.Granted) {
            return true;
        }
        if (outcome instanceof GrantOutcome.TooLarge) {
            line.decided(
                    request,
                    new Answer.Refused(
                            Refusal.TOO_MANY_SERVERS,
                            "the pool cannot write down a lease of as many as "
                                    + held.appliances().size()
                                    + " servers that have so many leases: ask for fewer GPUs at a"
                                    + " time"));
            return false;
        }
        // Where the outcome is unknown the next look at the pool tells.
        LOG.debug("lease={} not granted: {}", request, outcome);
        line.waitsOn(request);
        return false;
    }

    /// Asks the appliances; their answers decide.
    private void take(Ask ask, HeldLease held, PoolView view) {
        UUID request = ask.id();
        boolean isDecided = false;
        try {
            Map<UUID, Granting.Said> said =
                    held.over().isEmpty() && Granting.isKnown(held.lease(), view)
                            ? granting.taken(held, view)
                            : Map.of();
            boolean areTaken =
                    !said.isEmpty()
                            && said.values().stream()
                                    .allMatch(Granting.Said.Taken.class::isInstance);
            ClientTerms now = terms.of(ask.request().client());
            if (areTaken && now.disabled()) {
                LOG.info("lease={} its client was disabled meanwhile", request);
            } else if (areTaken) {
                isDecided = line.decided(request, granting.answer(held, view, now.idleTimeout()));
                silentSince.remove(held.attempt());
                LOG.info(
                        "lease={} client={} gpus={} granted",
                        request,
                        ask.asker().client(),
                        held.lease().gpus().size());
            } else {
                said.forEach((appliance, each) -> avoid(appliance, each, held.lease()));
            }
            // Who does not schedule any more leaves it to who does, and to the appliances.
            if (!isDecided && isScheduling && !mayBeInUse(held, said)) {
                LOG.warn("lease={} is undone: {}", request, said);
                granting.over(held, "");
                silentSince.remove(held.attempt());
            }
        } finally {
            ownAttempts.remove(held.attempt());
            if (!isDecided) {
                line.waitsOn(request);
            }
            wake();
        }
    }

    /// A lease that was found granted may be in use: it is not ended because an appliance is silent
    /// for a moment.
    private boolean mayBeInUse(HeldLease held, Map<UUID, Granting.Said> said) {
        UUID attempt = held.attempt();
        boolean isOnlySilent =
                !said.isEmpty()
                        && said.values().stream().noneMatch(Granting.Said.Refused.class::isInstance)
                        && said.values().stream().anyMatch(Granting.Said.Nothing.class::isInstance);
        if (!isOnlySilent || ownAttempts.contains(attempt)) {
            return false;
        }
        Instant now = clocks.steady();
        Instant since = silentSince.putIfAbsent(attempt, now);
        return since == null || now.isBefore(since.plus(settings.limit().multipliedBy(3)));
    }

    private void avoid(UUID appliance, Granting.Said said, Lease lease) {
        switch (said) {
            case Granting.Said.Taken() -> {}
            case Granting.Said.Refused(String reason) -> {
                boolean isInside = lease.parent() != null;
                LOG.warn("appliance={} refused a part, reason=\"{}\"", appliance, reason);
                (isInside ? restingUntil : avoidedUntil)
                        .put(
                                isInside ? lease.id() : appliance,
                                clocks.steady().plus(settings.avoidRefusing()));
            }
            case Granting.Said.Nothing(String why) -> {
                LOG.warn("appliance={} did not answer, error=\"{}\"", appliance, why);
                avoidedUntil.put(appliance, clocks.steady().plus(settings.avoidSilent()));
            }
        }
    }

    private void tellStandings(Snapshot snapshot, Instant now) {
        int order = 0;
        for (var waiting : snapshot.waiting()) {
            order++;
            switch (Scheduler.decide(snapshot, waiting.request(), now)) {
                case Decision.Queued(int place, var waitsFor) ->
                        line.stands(waiting.request().id(), place, waitsFor.words());
                case Decision.Granted _ ->
                        line.stands(waiting.request().id(), order, "is about to be granted");
                case Decision.Refused _ -> {}
            }
        }
    }

    private void background(Runnable work) {
        try {
            executor.execute(work);
        } catch (RejectedExecutionException exception) {
            LOG.debug("closing; the appliances put right what is left", exception);
        }
    }

    @Override
    public void close() {
        isClosed = true;
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        isScheduling = false;
        line.open(false);
        candidacy.close();
    }
}
