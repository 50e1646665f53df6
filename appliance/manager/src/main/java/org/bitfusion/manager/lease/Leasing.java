package org.bitfusion.manager.lease;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.allocator.Allocator;
import org.bitfusion.allocator.IdleLeases;
import org.bitfusion.allocator.Parts;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.pool.Contact;
import org.bitfusion.cluster.pool.HeldLease;
import org.bitfusion.dispatcher.Dispatcher;
import org.bitfusion.manager.member.ManagerSettings;
import org.bitfusion.manager.member.Peers;
import org.bitfusion.manager.member.Pool;
import org.bitfusion.manager.web.Problem;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.tls.TlsException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// This appliance's parts of leases, and its entrance to the pool's GPUs, which is there once the
/// pool has answered for the first time. Thread-safe.
public final class Leasing implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Leasing.class);
    private static final Duration BETWEEN = Duration.ofSeconds(1);
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(100);

    /// Longer than ZooKeeper takes to be there again, on a machine that is not too busy.
    private static final Duration STARTING = Duration.ofSeconds(10);

    private final Pool pool;
    private final Parts parts;
    private final Peers peers;
    private final Thread opener;
    private final Object lock = new Object();
    private @Nullable Allocator allocator;
    private @Nullable IdleLeases idleLeases;
    private boolean isClosed;

    /// @param dispatcher stays the caller's
    /// @param build what runs here, for messages that name both sides
    public Leasing(Pool pool, ManagerSettings settings, Dispatcher dispatcher, String build) {
        this.pool = pool;
        peers = new Peers(pool.outgoing());
        parts =
                new Parts(
                        new Parts.Settings(
                                pool.self().appliance(),
                                new Appliance.Host(
                                        settings.name(), settings.addresses(), false, "", ""),
                                new Contact(
                                        settings.port(),
                                        settings.dispatcherPort(),
                                        build,
                                        settings.networks())),
                        pool.state(),
                        dispatcher,
                        System::nanoTime);
        opener = Thread.ofVirtual().name("allocator").start(this::open);
    }

    private void open() {
        while (!isOpened()) {
            try {
                Thread.sleep(BETWEEN);
            } catch (InterruptedException _) {
                return;
            }
        }
    }

    private boolean isOpened() {
        if (!pool.connection().isConnected()) {
            return false;
        }
        synchronized (lock) {
            if (isClosed) {
                return true;
            }
            try {
                UUID own = pool.self().appliance();
                org.bitfusion.allocator.Peers all =
                        org.bitfusion.allocator.Peers.withOwn(
                                own, parts, new ManagersOverHttp(pool.appliances(), peers));
                Allocator opened =
                        new Allocator(
                                Allocator.Settings.of(own),
                                pool.connection(),
                                pool.store(),
                                all,
                                InstantSource.system());
                allocator = opened;
                idleLeases =
                        new IdleLeases(
                                IdleLeases.Settings.of(own),
                                parts,
                                pool.state(),
                                opened::terms,
                                new IdleLeases.Others(all, pool.state()::isAlive),
                                System::nanoTime,
                                this::takenBack);
                return true;
            } catch (TlsException | ClusterException exception) {
                LOG.info("leases cannot be had yet: {}", exception.getMessage());
                return false;
            }
        }
    }

    private void takenBack(HeldLease held, Duration idle) {
        String client = held.lease().client();
        pool.events()
                .append(
                        pool.now(),
                        "lease-idle",
                        "pool",
                        "lease "
                                + held.lease().id()
                                + " of "
                                + pool.clients()
                                        .find(UUID.fromString(client))
                                        .map(entry -> entry.name() + " ")
                                        .orElse("")
                                + client
                                + ": its GPUs were taken back after "
                                + idle.toSeconds()
                                + " s without use");
    }

    public Parts parts() {
        return parts;
    }

    /// @throws Problem 503 while the pool has not answered since the start
    public Allocator allocator() {
        return opened().orElseThrow(() ->
                Problem.unavailable(
                        "this appliance has just been started and has not reached a"
                                + " majority of the pool yet; try again"));
    }

    /// The same for who would wait: a manager that is started again is there in a moment.
    ///
    /// @throws Problem 503 if the pool has not answered by then
    public Allocator allocator(Duration wait) {
        long end = System.nanoTime() + (wait.compareTo(STARTING) < 0 ? wait : STARTING).toNanos();
        while (opened().isEmpty() && System.nanoTime() - end < 0) {
            try {
                Thread.sleep(BETWEEN_LOOKS);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        return allocator();
    }

    /// Empty while the pool has not answered since the start.
    public Optional<Allocator> opened() {
        synchronized (lock) {
            return Optional.ofNullable(allocator);
        }
    }

    /// Another manager schedules from now on; what was taken goes on in the dispatcher.
    @Override
    public void close() {
        opener.interrupt();
        synchronized (lock) {
            isClosed = true;
            if (idleLeases != null) {
                idleLeases.close();
            }
            if (allocator != null) {
                allocator.close();
            }
        }
        parts.close();
        peers.close();
    }
}
