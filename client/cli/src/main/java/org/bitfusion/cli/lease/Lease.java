package org.bitfusion.cli.lease;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.message.LeaseRelease;
import org.bitfusion.protocol.message.LeaseRenew;
import org.bitfusion.protocol.message.LeaseRequestAnswer;
import org.bitfusion.protocol.message.LeasedDevice;
import org.bitfusion.protocol.message.SessionEnded;
import org.jspecify.annotations.Nullable;

/// GPUs held. [#keep] renews the lease in the background until [#release] gives it back.
public final class Lease {
    /// Renewals in one renewal time, so that two may fail.
    private static final int RENEWALS = 3;

    private static final int HALF_RENEWALS = 2 * RENEWALS;

    private static final long PAUSE_BEFORE_WORD_MILLISECONDS = 20;
    private static final long PAUSE_BETWEEN_WORDS_MILLISECONDS = 500;

    private final ServerAddress address;
    private final List<ServerAddress> addresses;
    private final String networkWords;
    private final Access access;
    private final LeaseConnection.Identity owner;
    private final String build;
    private final LeaseRequestAnswer granted;
    private final @Nullable PreparedSession prepared;
    private final String hostAddress;
    private final @Nullable PoolAccess pool;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition released = lock.newCondition();
    private LeaseConnection connection;
    private int current;
    private boolean ending;
    private boolean given;

    Lease(
            ServerAddress address,
            LeaseConnection connection,
            String build,
            LeaseRequestAnswer granted,
            @Nullable PreparedSession prepared) {
        this(
                address,
                List.of(address),
                "",
                connection,
                build,
                granted,
                prepared,
                new LeaseConnection.Identity(
                        granted.lease(),
                        connection.handshake().leaseSecret(granted.lease()),
                        "this session's lease"));
    }

    private Lease(
            ServerAddress address,
            List<ServerAddress> addresses,
            String networkWords,
            LeaseConnection connection,
            String build,
            LeaseRequestAnswer granted,
            @Nullable PreparedSession prepared,
            LeaseConnection.Identity owner) {
        this.prepared = prepared;
        this.address = address;
        this.addresses = List.copyOf(addresses);
        this.networkWords = networkWords;
        current = addresses.indexOf(address);
        this.connection = connection;
        this.build = build;
        this.granted = granted;
        this.hostAddress = connection.hostAddress();
        this.access = connection.access();
        this.pool = connection.pool();
        this.owner = owner;
    }

    /// The first of a dispatcher's addresses at which somebody listens, in numbers.
    ///
    /// @throws Fault if nobody does
    public static ServerAddress reachable(List<ServerAddress> addresses) {
        Fault last = new Fault(ExitCode.PROTOCOL, "the pool granted a lease without an address");
        for (ServerAddress address : addresses) {
            try {
                return LeaseConnection.probe(address);
            } catch (IOException exception) {
                last = LeaseConnection.fault(address, exception);
            } catch (Fault fault) {
                last = fault;
            }
        }
        throw last;
    }

    /// Gives back a part of a lease that nobody keeps.
    public static Release release(ServerAddress address, UUID lease, Secret secret, Access access) {
        LeaseConnection.Identity owner =
                new LeaseConnection.Identity(lease, secret, "this lease's file");
        LeaseRelease message = new LeaseRelease(lease);
        try (LeaseConnection connection = LeaseConnection.connect(address, access, owner)) {
            int status =
                    connection
                            .call(LeaseRelease.CALL, message.wireBytes(), message::writeFrame)
                            .status();
            return status == 0 ? Release.GIVEN_BACK : Release.ENDED_BEFORE;
        } catch (LeaseConnection.LeaseEndedException _) {
            return Release.ENDED_BEFORE;
        } catch (ConnectException _) {
            return Release.APPLIANCE_GONE;
        } catch (IOException | Fault _) {
            return Release.NOT_TOLD;
        }
    }

    /// Connects to the appliance of a part.
    ///
    /// @param command of a program for which a session is asked for at once; null: none is
    /// @throws Fault if none of its addresses answers, or it does not know the lease
    public static Lease join(LeasePart part, Access access, @Nullable String command) {
        Fault last = null;
        for (ServerAddress address : part.addresses()) {
            try {
                return join(part, address, access, command);
            } catch (LeaseConnection.LeaseEndedException _) {
                last =
                        new Fault(
                                ExitCode.UNAVAILABLE,
                                address
                                        + ": does not know the lease that the pool granted (any more); try again");
            } catch (IOException exception) {
                last = LeaseConnection.fault(address, exception);
            } catch (Fault fault) {
                last = fault;
            }
        }
        throw last != null
                ? last
                : new Fault(ExitCode.PROTOCOL, "the pool granted a lease without an address");
    }

    private static Lease join(
            LeasePart part, ServerAddress address, Access access, @Nullable String command)
            throws IOException {
        LeaseConnection connection = LeaseConnection.connect(address, access, part.owner());
        try {
            PreparedSession prepared =
                    command != null && connection.version() >= PreparedSession.SINCE_VERSION
                            ? PreparedSession.ask(connection, command)
                            : null;
            LeaseRequestAnswer granted =
                    new LeaseRequestAnswer(
                            part.lease(),
                            part.controlPort(),
                            (int) part.renewal().toMillis(),
                            part.devices());
            return new Lease(
                    address,
                    part.addresses(),
                    part.networkWords(),
                    connection,
                    part.build(),
                    granted,
                    prepared,
                    part.owner());
        } catch (IOException exception) {
            connection.close();
            throw exception;
        }
    }

    /// Whether each GPU's share is of so many bytes.
    boolean isOf(long bytes) {
        return granted.devices().stream().allMatch(device -> device.memoryBytes() == bytes);
    }

    /// Gives the lease back over its connection, which goes on.
    Release giveBack() throws IOException {
        return callRelease();
    }

    /// Whether a session for the first program was asked for.
    public boolean hasPreparedSession() {
        return prepared != null;
    }

    /// @param taker of the line that lets a program begin it, or of null if there is none; called
    ///   once, by any thread
    public void whenSessionIsPrepared(Consumer<@Nullable String> taker) {
        if (prepared != null) {
            prepared.whenKnown(taker);
        }
    }

    List<UUID> devices() {
        List<UUID> devices = new ArrayList<>();
        for (LeasedDevice device : granted.devices()) {
            devices.add(device.uuid());
        }
        return devices;
    }

    /// How many GPUs.
    public int deviceCount() {
        return granted.devices().size();
    }

    /// The appliance that gave it.
    public ServerAddress address() {
        return address;
    }

    /// `ip dispatcher_port lease_uuid srs_port version`, as the transcript shows it.
    public String shownLine() {
        return hostAddress
                + " "
                + address.port()
                + " "
                + granted.lease()
                + " "
                + granted.storagePort()
                + " "
                + build;
    }

    /// The line of the adaptor file; who knows it is in the session.
    public String adaptorLine() {
        return shownLine()
                + " "
                + owner.secret().hex()
                + (pool == null ? "" : " tls")
                + networkWords;
    }

    /// The pool whose files the session's programs need; null: none.
    public @Nullable PoolAccess pool() {
        return pool;
    }

    /// How long the lease lives if nobody renews it.
    public long renewalSeconds() {
        return TimeUnit.MILLISECONDS.toSeconds(granted.renewWithinMilliseconds());
    }

    /// Renews from now on, on a thread of its own.
    ///
    /// @param onLost told once if the appliance has ended the lease
    public void keep(Consumer<String> onLost) {
        Thread keeper = new Thread(() -> renewUntilReleased(onLost), "lease");
        keeper.setDaemon(true);
        keeper.start();
    }

    private enum Renewal {
        RENEWED,
        /// The appliance says that the lease is no more.
        ENDED,
        /// The appliance does not answer, and is asked again soon.
        NOT_ANSWERED
    }

    /// Renews now and then, and as soon as the connection is lost: the appliance does not know
    /// whether this side is.
    private void renewUntilReleased(Consumer<String> onLost) {
        long pause =
                TimeUnit.MILLISECONDS.toNanos(
                        Math.max(1, granted.renewWithinMilliseconds() / RENEWALS));
        lock.lock();
        try {
            connection.whenOver(this::lookAgain);
            Renewal last = Renewal.RENEWED;
            while (!ending) {
                boolean answered = last == Renewal.RENEWED;
                long left =
                        answered
                                ? pause
                                : TimeUnit.MILLISECONDS.toNanos(PAUSE_BETWEEN_WORDS_MILLISECONDS);
                while (left > 0 && !ending && !(answered && connection.isOver())) {
                    left = released.awaitNanos(left);
                }
                last = ending ? last : renew();
                if (last == Renewal.ENDED) {
                    ending = true;
                    onLost.accept(
                            address
                                    + ": the appliance has ended this session's lease; GPU calls fail from now on");
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    private void lookAgain() {
        lock.lock();
        try {
            released.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Where there is another network, one that does not answer is left before the lease is over.
    private LeaseConnection.Answer await(CompletableFuture<LeaseConnection.Answer> answer)
            throws IOException {
        return addresses.size() == 1
                ? LeaseConnection.await(answer)
                : LeaseConnection.await(
                        answer,
                        Duration.ofMillis(granted.renewWithinMilliseconds() / HALF_RENEWALS));
    }

    private Renewal renew() {
        LeaseRenew message = new LeaseRenew(granted.lease());
        try {
            return renewal(
                    await(
                            connection.send(
                                    LeaseRenew.CALL, message.wireBytes(), message::writeFrame)));
        } catch (IOException _) {
            return reconnect();
        }
    }

    private static Renewal renewal(LeaseConnection.Answer answer) {
        return answer.status() == 0 ? Renewal.RENEWED : Renewal.ENDED;
    }

    private Renewal reconnect() {
        connection.close();
        LeaseRenew message = new LeaseRenew(granted.lease());
        try {
            connection = connect();
            connection.whenOver(this::lookAgain);
            return renewal(
                    connection.call(LeaseRenew.CALL, message.wireBytes(), message::writeFrame));
        } catch (LeaseConnection.LeaseEndedException _) {
            return Renewal.ENDED;
        } catch (IOException | Fault _) {
            return Renewal.NOT_ANSWERED;
        }
    }

    /// At one of the appliance's addresses, the next one first if this one was lost.
    private LeaseConnection connect() throws IOException {
        IOException last = new ConnectException("no address");
        boolean nobody = true;
        for (int i = 1; i <= addresses.size(); i++) {
            int next = (current + i) % addresses.size();
            try {
                LeaseConnection fresh = LeaseConnection.connect(addresses.get(next), access, owner);
                current = next;
                return fresh;
            } catch (LeaseConnection.LeaseEndedException ended) {
                throw ended;
            } catch (IOException failure) {
                nobody &= failure instanceof ConnectException;
                last = failure;
            } catch (Fault fault) { // something else answers in that network
                nobody = false;
                last = new IOException(fault.line());
            }
        }
        throw last instanceof ConnectException && !nobody ? new IOException(last) : last;
    }

    /// Tells the appliance that the program of a session of this lease has ended; asks again until
    /// the appliance has heard it or the lease is over. Not at once, for the lease may be over at
    /// once.
    public void sessionEnded(UUID session) {
        SessionEnded message = new SessionEnded(granted.lease(), session);
        long pause = TimeUnit.MILLISECONDS.toNanos(PAUSE_BEFORE_WORD_MILLISECONDS);
        lock.lock();
        try {
            do {
                long left = pause;
                while (left > 0 && !ending) {
                    left = released.awaitNanos(left);
                }
                pause = TimeUnit.MILLISECONDS.toNanos(PAUSE_BETWEEN_WORDS_MILLISECONDS);
            } while (!ending && !isTold(message));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    private boolean isTold(SessionEnded message) {
        try {
            var _ = connection.call(SessionEnded.CALL, message.wireBytes(), message::writeFrame);
            return true;
        } catch (IOException _) {
            return reconnect() == Renewal.ENDED;
        }
    }

    /// What became of a lease that was to be given back.
    public enum Release {
        GIVEN_BACK,
        /// The appliance had ended it before.
        ENDED_BEFORE,
        /// No appliance listens there any more, nor does a pool's manager start it again.
        APPLIANCE_GONE,
        /// The appliance cannot be reached.
        NOT_TOLD
    }

    /// Gives the GPUs back, once; asks again over a new connection if the old one is gone.
    public Release release() {
        lock.lock();
        try {
            if (given) {
                return Release.GIVEN_BACK;
            }
            given = true;
            ending = true;
            released.signalAll();
            try {
                return callRelease();
            } catch (SocketTimeoutException _) {
                return addresses.size() == 1 ? Release.NOT_TOLD : releaseOverNewConnection();
            } catch (IOException _) {
                return releaseOverNewConnection();
            } finally {
                connection.close();
            }
        } finally {
            lock.unlock();
        }
    }

    private Release callRelease() throws IOException {
        LeaseRelease message = new LeaseRelease(granted.lease());
        int status =
                await(connection.send(LeaseRelease.CALL, message.wireBytes(), message::writeFrame))
                        .status();
        return status == 0 ? Release.GIVEN_BACK : Release.ENDED_BEFORE;
    }

    private Release releaseOverNewConnection() {
        connection.close();
        try {
            connection = connect();
            return callRelease();
        } catch (LeaseConnection.LeaseEndedException _) {
            return Release.ENDED_BEFORE;
        } catch (ConnectException _) {
            // In a pool the manager may be back in a moment, and with it the lease.
            return pool == null ? Release.APPLIANCE_GONE : Release.NOT_TOLD;
        } catch (IOException | Fault _) {
            return Release.NOT_TOLD;
        }
    }
}
