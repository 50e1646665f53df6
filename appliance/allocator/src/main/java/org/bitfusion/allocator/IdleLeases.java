package org.bitfusion.allocator;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.pool.HeldLease;
import org.bitfusion.cluster.pool.PoolState;
import org.bitfusion.dispatcher.LedgerView;
import org.bitfusion.scheduler.Upkeep;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes GPUs back that nothing is done with: of a lease whose programs made no call and had
/// nothing queued or running, on any of its appliances, for its client's idle timeout. Each
/// appliance looks at its own parts, and asks the others only about a lease that is idle here. As
/// long as one of them that the pool sees does not answer, or the pool has no majority, the lease
/// goes on. One that the pool does not see any more, dead or cut off, holds up nobody: its programs
/// have lost it, and what the others give is idle by what is done with those.
public final class IdleLeases implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(IdleLeases.class);

    /// @param look how often own parts are looked at
    /// @param afterOthers how much longer an appliance waits that is not the first of the lease's,
    ///   so that one of them takes the lease back, and not all at a time
    /// @param again after which an appliance that did not answer is asked again
    public record Settings(UUID appliance, Duration look, Duration afterOthers, Duration again) {
        public static Settings of(UUID appliance) {
            return new Settings(
                    appliance, Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofSeconds(5));
        }
    }

    /// The other appliances, and this one.
    ///
    /// @param peers also this appliance's own parts
    /// @param isAlive whether the pool sees an appliance now
    public record Others(Peers peers, Predicate<UUID> isAlive) {}

    /// Told of each lease whose GPUs are taken back.
    public interface Listener {
        /// @param idle for how long nothing was done with it
        void takenBack(HeldLease held, Duration idle);
    }

    private final Settings settings;
    private final Parts parts;
    private final PoolState pool;
    private final Function<UUID, ClientTerms> terms;
    private final Others others;
    private final LongSupplier nanoClock;
    private final Listener listener;
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final Thread thread;

    /// Of leases that are idle here, when they are looked at again.
    private final Map<UUID, Instant> notBefore = new HashMap<>();

    /// Begins to look.
    ///
    /// @param parts of this appliance
    /// @param terms of a client, as they are at the moment
    /// @param nanoClock as [System#nanoTime]
    public IdleLeases(
            Settings settings,
            Parts parts,
            PoolState pool,
            Function<UUID, ClientTerms> terms,
            Others others,
            LongSupplier nanoClock,
            Listener listener) {
        this.settings = settings;
        this.parts = parts;
        this.pool = pool;
        this.terms = terms;
        this.others = others;
        this.nanoClock = nanoClock;
        this.listener = listener;
        thread = Thread.ofVirtual().name("idle").start(this::lookForGood);
    }

    private void lookForGood() {
        while (!executor.isShutdown()) {
            try {
                Thread.sleep(settings.look());
                look();
            } catch (InterruptedException _) {
                return;
            } catch (IOException exception) {
                LOG.info("nothing is taken back for now: {}", exception.toString());
            } catch (RuntimeException exception) {
                LOG.error("idle leases were not looked for", exception);
            }
        }
    }

    private void look() throws IOException {
        Set<UUID> idle = new HashSet<>();
        for (LedgerView.TakenPart taken : parts.taken()) {
            UUID lease = taken.part().lease();
            ClientTerms holding = terms.apply(taken.part().client());
            boolean isIdle =
                    !taken.isEnding()
                            && holding.idleTimeout().isPositive()
                            && taken.idle().compareTo(holding.idleTimeout()) >= 0;
            if (isIdle) {
                idle.add(lease);
                Instant then = notBefore.get(lease);
                if (then == null || !now().isBefore(then)) {
                    notBefore.put(lease, now().plus(afterLook(taken, holding)));
                }
            }
        }
        notBefore.keySet().retainAll(idle);
    }

    /// On a clock that nobody sets.
    private Instant now() {
        return Instant.EPOCH.plusNanos(nanoClock.getAsLong());
    }

    private Duration afterLook(LedgerView.TakenPart taken, ClientTerms holding) {
        try {
            return lookAt(taken, holding);
        } catch (ClusterException exception) {
            LOG.debug("lease={} goes on without a majority", taken.part().lease(), exception);
            return settings.again();
        }
    }

    /// @return after which it is looked at again
    private Duration lookAt(LedgerView.TakenPart taken, ClientTerms holding) {
        UUID lease = taken.part().lease();
        Optional<HeldLease> found =
                pool.held(lease).filter(each -> each.isGivenBy(settings.appliance()));
        if (found.isEmpty()) {
            return settings.again(); // it is just ending
        }
        HeldLease held = found.get();
        Duration idle = taken.idle();
        Duration limit = holding.idleTimeout();
        if (!isFirst(held)) {
            limit = limit.plus(settings.afterOthers());
        }
        for (UUID other : held.appliances()) {
            if (!other.equals(settings.appliance()) && held.isGivenBy(other)) {
                try {
                    Duration there = others.peers().idle(other, lease).orElse(idle);
                    idle = there.compareTo(idle) < 0 ? there : idle;
                } catch (IOException exception) {
                    LOG.debug("lease={} appliance={} does not answer", lease, other, exception);
                    if (others.isAlive().test(other)) {
                        return settings.again();
                    }
                }
            }
        }
        if (idle.compareTo(limit) < 0) {
            return limit.minus(idle);
        }
        Instant now = now();
        Upkeep.Use use = new Upkeep.Use(now.minus(idle), now);
        if (Upkeep.review(held.lease(), use, holding, Upkeep.ABSENCE_LIMIT, now)
                instanceof Upkeep.TakeBack(Upkeep.Reason _, String sentence)) {
            takeBack(held, sentence);
            listener.takenBack(held, idle);
        }
        return settings.again();
    }

    private boolean isFirst(HeldLease held) {
        return held.appliances().stream()
                .filter(held::isGivenBy)
                .findFirst()
                .equals(Optional.of(settings.appliance()));
    }

    /// All parts at the same time; who does not answer finds out itself.
    private void takeBack(HeldLease held, String sentence) {
        UUID lease = held.lease().id();
        LOG.info("lease={} client={} taken back: {}", lease, held.lease().client(), sentence);
        for (UUID appliance : held.appliances()) {
            if (held.isGivenBy(appliance)) {
                executor.execute(() -> {
                    try {
                        others.peers().end(appliance, lease, held.attempt(), sentence);
                    } catch (IOException exception) {
                        LOG.warn(
                                "lease={} appliance={} was not told: {}",
                                lease,
                                appliance,
                                exception.toString());
                    }
                });
            }
        }
    }

    @Override
    public void close() {
        executor.shutdown();
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        executor.shutdownNow();
        executor.close();
    }
}
