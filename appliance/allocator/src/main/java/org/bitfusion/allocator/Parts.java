package org.bitfusion.allocator;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.connection.Presence;
import org.bitfusion.cluster.pool.Contact;
import org.bitfusion.cluster.pool.EndOutcome;
import org.bitfusion.cluster.pool.HeldLease;
import org.bitfusion.cluster.pool.PoolState;
import org.bitfusion.cluster.pool.Promises;
import org.bitfusion.dispatcher.Dispatcher;
import org.bitfusion.dispatcher.LedgerView;
import org.bitfusion.dispatcher.PoolPart;
import org.bitfusion.dispatcher.TakeOutcome;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.LeasedGpu;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An appliance's own side of the pool's leases: takes parts into its dispatcher's ledger, takes
/// promises back when parts are over, and announces its GPUs. Only this appliance's ledger says
/// what is taken of its GPUs; ZooKeeper says what was promised. Where they differ:
///
/// - a promise that no ledger took within [Settings#untaken] is taken back;
/// - a part whose promise was taken back, by who undid the grant or by an administrator, is ended;
/// - without a majority nothing is taken and nothing ended: what runs goes on.
///
/// What is done about one lease is done by one thread at a time. Thread-safe; methods wait.
public final class Parts implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Parts.class);
    private static final int LOCKS = 256;
    private static final long MIB = 1 << 20;

    /// @param appliance this one
    /// @param reconcile how often promises and ledger are compared
    /// @param untaken how long a promise waits for its part to be taken
    /// @param patience how long the dispatcher may take for one answer, and a lease to end
    public record Settings(
            UUID appliance,
            Appliance.Host host,
            Contact contact,
            Duration reconcile,
            Duration untaken,
            Duration patience) {
        public static final Duration RECONCILE = Duration.ofSeconds(5);
        public static final Duration UNTAKEN = Duration.ofSeconds(30);
        public static final Duration PATIENCE = Duration.ofSeconds(15);

        public Settings(UUID appliance, Appliance.Host host, Contact contact) {
            this(appliance, host, contact, RECONCILE, UNTAKEN, PATIENCE);
        }
    }

    private final Settings settings;
    private final PoolState pool;
    private final Dispatcher dispatcher;
    private final LongSupplier nanoClock;
    private final List<ReentrantLock> locks = new ArrayList<>();

    /// Which attempt the part is of that was taken here and is not known to be taken back.
    private final Map<UUID, UUID> attempts = new ConcurrentHashMap<>();

    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final Thread reconciler;

    /// Of promises that no part was taken for, by who reconciles.
    private final Map<UUID, Long> untakenSince = new HashMap<>();

    private @Nullable Appliance announced;
    private boolean isRemoved;
    private @Nullable Presence presence;

    /// Begins to announce and to reconcile, as soon as the pool and the dispatcher's GPUs are
    /// there.
    ///
    /// @param dispatcher stays the caller's; it grants no leases itself any more
    /// @param nanoClock as [System#nanoTime]
    public Parts(Settings settings, PoolState pool, Dispatcher dispatcher, LongSupplier nanoClock) {
        this.settings = settings;
        this.pool = pool;
        this.dispatcher = dispatcher;
        this.nanoClock = nanoClock;
        for (int i = 0; i < LOCKS; i++) {
            locks.add(new ReentrantLock());
        }
        dispatcher.leaseOnlyForPool();
        dispatcher.onGivenBack(this::givenBack);
        reconciler = Thread.ofVirtual().name("parts").start(this::reconcileForGood);
    }

    /// Takes a part, if the pool knows the lease at this moment and the ledger has room.
    public PartAnswer take(Part part) {
        try {
            return locked(part.lease(), () -> takeLocked(part));
        } catch (ClusterException exception) {
            return new PartAnswer.Refused("cut off from the pool: " + exception.getMessage());
        } catch (LedgerException exception) {
            return new PartAnswer.Refused("no word from the dispatcher: " + exception.getMessage());
        }
    }

    private PartAnswer takeLocked(Part part) {
        UUID lease = part.lease();
        Optional<HeldLease> held = pool.givenNow(lease, part.attempt(), settings.appliance());
        if (held.isEmpty()) {
            return new PartAnswer.Refused("the pool knows of no such lease (any more)");
        }
        LedgerView ledger = ledger();
        if (!isAsGranted(part.content(), held.get(), ledger)) {
            return new PartAnswer.Refused("the pool granted something else");
        }
        boolean isAnother =
                ledger.parts().stream()
                        .anyMatch(taken ->
                                taken.part().lease().equals(lease)
                                        && (taken.isEnding()
                                                || !taken.part().equals(part.content())));
        if (isAnother) {
            LOG.info("lease={} of an attempt before is ended", lease);
            answered(dispatcher.end(lease, ""));
        }
        return switch (answered(dispatcher.take(part.content()))) {
            case TakeOutcome.Taken() -> {
                attempts.put(lease, part.attempt());
                yield new PartAnswer.Taken();
            }
            case TakeOutcome.Refused(String reason) -> new PartAnswer.Refused(reason);
        };
    }

    private boolean isAsGranted(PoolPart part, HeldLease held, LedgerView ledger) {
        List<PoolPart.GpuShare> granted = new ArrayList<>();
        for (LeasedGpu gpu : held.lease().gpus()) {
            if (gpu.appliance().equals(settings.appliance())) {
                ledger.gpus().stream()
                        .filter(known -> known.index() == gpu.gpuIndex())
                        .forEach(known ->
                                granted.add(
                                        new PoolPart.GpuShare(
                                                known.uuid(), gpu.memoryMiB() * MIB)));
            }
        }
        return granted.equals(part.shares())
                && held.lease().client().equals(part.client().toString())
                && Objects.equals(held.lease().parent(), part.parent());
    }

    /// Ends this appliance's part of a lease, and takes its promise back. Asking again does no
    /// harm.
    ///
    /// @param attempt which grant of the lease is meant
    /// @param reason what its programs' user is told, a sentence; empty: nothing
    /// @return whether that is done; if not, it is tried again without being asked
    public boolean end(UUID lease, UUID attempt, String reason) {
        try {
            return locked(
                    lease,
                    () -> {
                        UUID present = attempts.get(lease);
                        if (present == null) {
                            present = pool.held(lease).map(HeldLease::attempt).orElse(attempt);
                        }
                        if (!present.equals(attempt)) {
                            return true; // a late word about a grant before
                        }
                        answered(dispatcher.end(lease, reason));
                        attempts.put(lease, attempt);
                        return isTakenBack(lease);
                    });
        } catch (ClusterException | LedgerException exception) {
            LOG.warn("lease={} error=\"its end is tried again: {}\"", lease, exception.toString());
            return false;
        }
    }

    /// What leases of the pool have here, also those that end just now.
    ///
    /// @throws IOException if the dispatcher does not answer
    List<LedgerView.TakenPart> taken() throws IOException {
        try {
            return ledger().parts();
        } catch (LedgerException exception) {
            throw new IOException(exception);
        }
    }

    /// Since something was done with this appliance's part of a lease.
    ///
    /// @return empty if it gives none (any more)
    /// @throws IOException if the dispatcher does not answer
    public Optional<Duration> idle(UUID lease) throws IOException {
        return taken().stream()
                .filter(taken -> !taken.isEnding() && taken.part().lease().equals(lease))
                .map(LedgerView.TakenPart::idle)
                .findFirst();
    }

    /// Called by the dispatcher's thread.
    private void givenBack(UUID lease) {
        try {
            executor.execute(() -> {
                try {
                    locked(lease, () -> isTakenBack(lease));
                } catch (ClusterException | LedgerException exception) {
                    LOG.info(
                            "lease={} its promise is taken back later: {}",
                            lease,
                            exception.toString());
                }
            });
        } catch (RejectedExecutionException exception) {
            LOG.debug("closed; its promise is taken back after the next start", exception);
        }
    }

    /// The promise to a part that was taken here and is not in the ledger any more.
    ///
    /// @return false if the promise, or the part, is still there
    private boolean isTakenBack(UUID lease) {
        UUID attempt = attempts.get(lease);
        if (attempt == null) {
            return true;
        }
        if (isIn(ledger(), lease)) {
            return false;
        }
        if (pool.endPart(lease, attempt, settings.appliance()) instanceof EndOutcome.NoMajority) {
            return false;
        }
        attempts.remove(lease);
        return true;
    }

    private static boolean isIn(LedgerView ledger, UUID lease) {
        return ledger.parts().stream().anyMatch(taken -> taken.part().lease().equals(lease));
    }

    private void reconcileForGood() {
        while (!executor.isShutdown()) {
            try {
                reconcile();
            } catch (ClusterException | LedgerException exception) {
                LOG.info("not reconciled: {}", exception.toString());
            } catch (RuntimeException exception) {
                LOG.error("not reconciled", exception);
            }
            try {
                Thread.sleep(settings.reconcile());
            } catch (InterruptedException _) {
                return;
            }
        }
    }

    private void reconcile() {
        LedgerView ledger = ledger();
        pool.settled();
        Optional<Promises> known = pool.promised(settings.appliance());
        Set<UUID> promised = known.map(Promises::leases).orElse(Set.of());
        endWhatWasTakenBack(ledger, promised);
        takeBackWhatNobodyTook(ledger, promised);
        boolean isRemovedNow = known.isEmpty() && announced != null;
        if (!isRemovedNow) {
            announce(ledger, promised);
        } else if (!isRemoved) {
            LOG.warn("this appliance was removed from the pool, and gives no leases any more");
        }
        isRemoved = isRemovedNow;
    }

    private void endWhatWasTakenBack(LedgerView ledger, Set<UUID> promised) {
        for (LedgerView.TakenPart taken : ledger.parts()) {
            UUID lease = taken.part().lease();
            if (taken.isEnding()) {
                continue;
            }
            if (!promised.contains(lease)) {
                locked(
                        lease,
                        () -> {
                            pool.settled();
                            if (pool.held(lease).filter(this::isGivenHere).isEmpty()) {
                                LOG.warn(
                                        "lease={} was taken back from elsewhere, and is ended",
                                        lease);
                                answered(dispatcher.end(lease, ""));
                                attempts.remove(lease);
                            }
                            return true;
                        });
            } else if (!attempts.containsKey(lease)) {
                pool.held(lease).ifPresent(held -> attempts.putIfAbsent(lease, held.attempt()));
            }
        }
    }

    private boolean isGivenHere(HeldLease held) {
        return held.isGivenBy(settings.appliance());
    }

    private void takeBackWhatNobodyTook(LedgerView ledger, Set<UUID> promised) {
        Set<UUID> untaken = new HashSet<>(promised);
        ledger.parts().forEach(taken -> untaken.remove(taken.part().lease()));
        untakenSince.keySet().retainAll(untaken);
        long now = nanoClock.getAsLong();
        for (UUID lease : untaken) {
            if (attempts.containsKey(lease)) {
                locked(lease, () -> isTakenBack(lease));
            } else if (now - untakenSince.computeIfAbsent(lease, _ -> now)
                    >= settings.untaken().toNanos()) {
                locked(lease, () -> isUntakenTakenBack(lease));
            }
        }
        attempts.keySet().stream()
                .filter(lease -> !promised.contains(lease) && !isIn(ledger, lease))
                .forEach(lease -> locked(lease, () -> isTakenBack(lease)));
    }

    private boolean isUntakenTakenBack(UUID lease) {
        if (isIn(ledger(), lease)) {
            return false;
        }
        LOG.warn("lease={} was promised, but nobody had its part taken: taken back", lease);
        return pool.held(lease)
                .filter(this::isGivenHere)
                .map(held ->
                        !(pool.endPart(lease, held.attempt(), settings.appliance())
                                instanceof EndOutcome.NoMajority))
                .orElseGet(() -> pool.takeBackOrphan(lease, settings.appliance()));
    }

    private void announce(LedgerView ledger, Set<UUID> promised) {
        Appliance now =
                new Appliance(
                        settings.appliance(),
                        settings.host(),
                        ApplianceState.AVAILABLE,
                        GpusOfLedger.announced(ledger, promised));
        if (!now.equals(announced)) {
            pool.announce(now, settings.contact());
            announced = now;
        }
        if (presence == null) {
            presence = pool.presence(settings.appliance());
        }
    }

    private LedgerView ledger() {
        return answered(dispatcher.ledger());
    }

    private <T> T answered(CompletableFuture<T> answer) {
        try {
            return answer.get(settings.patience().toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException exception) {
            throw new LedgerException(exception);
        } catch (InterruptedException exception) {
            Thread.currentThread().interrupt();
            throw new LedgerException(exception);
        }
    }

    private <T> T locked(UUID lease, Supplier<T> work) {
        ReentrantLock lock = locks.get(Math.floorMod(lease.hashCode(), LOCKS));
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    /// The dispatcher is closed, or did not answer in time.
    private static final class LedgerException extends RuntimeException {
        private static final long serialVersionUID = 1;

        LedgerException(Exception cause) {
            super(cause.toString(), cause);
        }
    }

    /// Shows the appliance as unavailable. What was taken goes on in the dispatcher.
    @Override
    public void close() {
        executor.shutdown();
        reconciler.interrupt();
        try {
            reconciler.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        if (presence != null) {
            presence.close();
        }
        executor.close();
    }
}
