package org.bitfusion.allocator;

import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.cluster.connection.Watch;
import org.bitfusion.cluster.election.Candidacy;
import org.bitfusion.cluster.pool.EndOutcome;
import org.bitfusion.cluster.pool.HeldLease;
import org.bitfusion.cluster.pool.PoolSettings;
import org.bitfusion.cluster.pool.PoolState;
import org.bitfusion.cluster.store.ZooKeeperRecordStore;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.tls.TlsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The entrance to the pool's GPUs, the same at every manager: who asks, asks any. One manager at a
/// time schedules; the others pass on to it. What happens when one dies at whichever step is
/// decision 0024. Thread-safe; methods wait, and are for virtual threads.
public final class Allocator implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Allocator.class);
    private static final Duration BETWEEN_TRIES = Duration.ofMillis(250);

    /// @param appliance this manager's
    /// @param renewal within which a lease of `run` has to be renewed
    /// @param limit for what appliances are asked about one lease
    /// @param vanishedAfter after which a request that nobody asks for has no place any more
    /// @param settling after a manager began to schedule: nothing is granted before those could
    ///   come who waited at the one before
    /// @param avoidRefusing how long an appliance that refused a part is not asked for another
    /// @param avoidSilent the same for one that did not answer
    /// @param tick how often the line is looked through though nothing has changed
    /// @param connecting how long a request waits for a connection to the pool
    public record Settings(
            UUID appliance,
            Duration renewal,
            Duration limit,
            Duration vanishedAfter,
            Duration settling,
            Duration avoidRefusing,
            Duration avoidSilent,
            Duration tick,
            Duration connecting) {
        public static Settings of(UUID appliance) {
            return new Settings(
                    appliance,
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(3),
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(2));
        }
    }

    private final Settings settings;
    private final PoolConnection connection;
    private final PoolState pool;
    private final Candidacy candidacy;
    private final Peers peers;
    private final Clocks clocks;
    private final ManagersKey key;
    private final Line line;
    private final Granting granting;
    private final SchedulingLoop loop;
    private final List<Watch> watches;
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();

    /// Needs the pool for a moment, and is a candidate for scheduling from then on.
    ///
    /// @param connection stays the caller's, as do the others
    /// @param store of the same pool
    /// @param peers also this appliance's own [Parts] ([Peers#withOwn])
    /// @throws TlsException STORE_FAILED if the pool cannot be reached; try again
    public Allocator(
            Settings settings,
            PoolConnection connection,
            ZooKeeperRecordStore store,
            Peers peers,
            InstantSource clock) {
        this.settings = settings;
        this.connection = connection;
        this.peers = peers;
        clocks = new Clocks(clock, System::nanoTime);
        pool = new PoolState(connection);
        key = ManagersKey.readOrCreate(store, new SecureRandom());
        candidacy = new Candidacy(connection, settings.appliance());
        line = new Line(key, clocks);
        granting = new Granting(key, pool, peers, settings.renewal(), settings.limit(), executor);
        loop =
                new SchedulingLoop(
                        settings,
                        new SchedulingLoop.Pool(pool, new PoolSettings(store), candidacy),
                        line,
                        granting,
                        executor,
                        clocks);
        watches =
                List.of(
                        pool.watch(loop::wake),
                        store.watch(PoolSettings.FOLDER, loop::termsChanged),
                        store.watch(PoolSettings.CLIENTS, loop::termsChanged));
        loop.start();
    }

    /// Asks for a lease, or asks again.
    ///
    /// @param wait how long at most to wait for something new to tell
    /// @return never [Answer.Elsewhere]
    /// @throws IllegalArgumentException if another client uses the identifier
    public Answer request(Ask ask, Duration wait) {
        Instant until = clocks.steady().plus(wait);
        while (true) {
            if (!isConnected()) {
                return withoutMajority(ask, "this appliance reaches no majority of the pool");
            }
            Duration left = leftUntil(until);
            Answer answer;
            try {
                answer = passedOn(ask, left);
            } catch (ClusterException exception) {
                return withoutMajority(ask, String.valueOf(exception.getMessage()));
            }
            if (!(answer instanceof Answer.Elsewhere)) {
                return answer;
            }
            if (leftUntil(until).isZero() || !pause()) {
                return nobodySchedules(ask);
            }
        }
    }

    private boolean isConnected() {
        return connection.isConnected() || connection.awaitConnected(settings.connecting());
    }

    private Duration leftUntil(Instant until) {
        Duration left = Duration.between(clocks.steady(), until);
        return left.isNegative() ? Duration.ZERO : left;
    }

    private static boolean pause() {
        try {
            Thread.sleep(BETWEEN_TRIES);
            return true;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private Answer passedOn(Ask ask, Duration wait) {
        UUID scheduling = candidacy.scheduling().orElse(null);
        if (scheduling == null || scheduling.equals(settings.appliance())) {
            return requestHere(ask, wait);
        }
        try {
            return peers.request(scheduling, ask, wait);
        } catch (IOException exception) {
            LOG.debug("appliance={} schedules, but does not answer", scheduling, exception);
            return new Answer.Elsewhere();
        }
    }

    /// Who waits already goes on waiting, by its ticket.
    private Answer withoutMajority(Ask ask, String why) {
        return Ticket.open(key, ask, clocks.now().wall())
                .<Answer>map(ticket -> queued(ask, ticket, why + "; waits until it is back"))
                .orElseGet(
                        () -> new Answer.NoMajority(why + "; nothing is granted until it is back"));
    }

    /// One that is new has a place from now on, wherever it is given GPUs.
    private Answer nobodySchedules(Ask ask) {
        Instant now = clocks.now().wall();
        Ticket ticket =
                Ticket.open(key, ask, now)
                        .orElseGet(() ->
                                new Ticket(
                                        Line.arrival(now),
                                        terms(ask.asker().client()).priority(),
                                        now.plus(ask.timeout()),
                                        now));
        return queued(ask, ticket, "another manager is just taking over the scheduling");
    }

    private Answer queued(Ask ask, Ticket ticket, String waitsFor) {
        Instant now = clocks.now().wall();
        return now.isBefore(ticket.deadline())
                ? new Answer.Queued(ask.id(), 0, waitsFor, ticket.givenAt(now).seal(key, ask))
                : new Answer.TimedOut("not served in time: " + waitsFor);
    }

    /// What holds for a client now, as far as this manager has heard.
    ///
    /// @param client as its certificate names it
    public ClientTerms terms(UUID client) {
        return loop.terms().of(client.toString());
    }

    /// [#request] that another manager passed on: it is not passed on again.
    ///
    /// @return [Answer.Elsewhere] if this manager does not schedule
    public Answer requestHere(Ask ask, Duration wait) {
        return line.ask(ask, terms(ask.asker().client()).priority(), wait, loop::wake);
    }

    /// [#leave], with nothing to tell.
    public LeaveAnswer leave(UUID request, Optional<UUID> client) {
        return leave(request, client, "");
    }

    /// A request is over, and its lease.
    ///
    /// @param client whose it must be; empty for an administrator
    /// @param reason what the user of its programs is told, a sentence; empty: nothing
    public LeaveAnswer leave(UUID request, Optional<UUID> client, String reason) {
        boolean waited = hasLeftLine(request, client);
        try {
            pool.settled();
            Optional<HeldLease> held =
                    pool.held(request)
                            .filter(each ->
                                    client.filter(id ->
                                                    !id.toString().equals(each.lease().client()))
                                            .isEmpty());
            if (held.isEmpty()) {
                return waited ? new LeaveAnswer.Over() : new LeaveAnswer.NoneThere();
            }
            return switch (granting.over(held.get(), reason)) {
                case EndOutcome.Ended _, EndOutcome.NoSuchLease _ -> new LeaveAnswer.Over();
                case EndOutcome.NoMajority(String why) -> new LeaveAnswer.NoMajority(why);
            };
        } catch (ClusterException exception) {
            return new LeaveAnswer.NoMajority(String.valueOf(exception.getMessage()));
        } finally {
            loop.wake();
        }
    }

    private boolean hasLeftLine(UUID request, Optional<UUID> client) {
        try {
            Optional<UUID> scheduling = candidacy.scheduling();
            if (scheduling.isPresent() && !scheduling.get().equals(settings.appliance())) {
                peers.leave(scheduling.get(), request, client);
                return true;
            }
        } catch (IOException | ClusterException exception) {
            // Who does not ask again loses the place anyway.
            LOG.debug("the scheduling manager was not told", exception);
        }
        return leaveHere(request, client);
    }

    /// Takes a request out of this manager's line.
    ///
    /// @return whether it stood there
    public boolean leaveHere(UUID request, Optional<UUID> client) {
        boolean stood = line.leave(request, client);
        loop.wake();
        return stood;
    }

    /// Who waits, in the order of the line.
    ///
    /// @throws IOException if the scheduling manager does not answer, or there is none
    /// @throws ClusterException NOT_CONNECTED
    public List<Waiter> line() throws IOException {
        UUID scheduling =
                candidacy
                        .scheduling()
                        .orElseThrow(() -> new IOException("no manager schedules just now"));
        return scheduling.equals(settings.appliance()) ? lineHere() : peers.line(scheduling);
    }

    /// Who waits at this manager; nobody where it does not schedule.
    public List<Waiter> lineHere() {
        return line.waiters();
    }

    /// All leases, also those whose appliances are being asked just now.
    ///
    /// @throws ClusterException NOT_CONNECTED
    public List<HeldLease> leases() {
        return pool.view().held();
    }

    /// Whose manager schedules.
    ///
    /// @throws ClusterException NOT_CONNECTED
    public Optional<UUID> scheduling() {
        return candidacy.scheduling();
    }

    /// Another manager schedules from now on. Those who wait here ask there.
    @Override
    public void close() {
        watches.forEach(Watch::close);
        loop.close();
        executor.shutdownNow();
        executor.close();
    }
}
