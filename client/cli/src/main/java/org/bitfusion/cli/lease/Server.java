package org.bitfusion.cli.lease;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.options.Share;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.cuda.CudaResult;
import org.bitfusion.protocol.message.FreeDevice;
import org.bitfusion.protocol.message.LeaseDevices;
import org.bitfusion.protocol.message.LeaseDevicesAnswer;
import org.bitfusion.protocol.message.LeaseRequest;
import org.bitfusion.protocol.message.LeaseRequestAnswer;
import org.bitfusion.protocol.message.SessionEnded;
import org.jspecify.annotations.Nullable;

/// One appliance, connected. Closing it ends the lease that it gave, soon, unless the lease was
/// released.
public final class Server implements AutoCloseable {
    private static final long MIB = 1 << 20;

    /// GPUs give memory in pages of so much.
    private static final int SMALLEST_MEBIBYTES = 2;

    private static final long MILLIONTHS = 1_000_000;

    private final ServerAddress address;
    private final LeaseConnection connection;
    private LeaseDevicesAnswer state;
    private @Nullable Early early;

    /// What is asked for in the same breath as the devices.
    private record Early(
            CompletableFuture<LeaseConnection.Answer> lease, PreparedSession session) {}

    /// What a client wants of a server.
    ///
    /// @param count of GPUs
    /// @param share of each
    /// @param command the program's command line, for the appliance's log
    public record Wish(int count, Share share, String command) {
        private static final int COMMAND_LIMIT = 4096;

        private String shortCommand() {
            return command.length() * 3 > COMMAND_LIMIT
                    ? command.substring(0, COMMAND_LIMIT / 3)
                    : command;
        }
    }

    private Server(
            ServerAddress address,
            LeaseConnection connection,
            LeaseDevicesAnswer state,
            @Nullable Early early) {
        this.address = address;
        this.connection = connection;
        this.state = state;
        this.early = early;
    }

    /// Connects and asks for the devices.
    ///
    /// @throws Fault if that fails
    public static Server connect(ServerAddress address, Access access) {
        return connect(address, access, null);
    }

    /// @param wish what will be asked for next, if that is known: it goes along, and saves round
    ///   trips
    public static Server connect(ServerAddress address, Access access, @Nullable Wish wish) {
        LeaseConnection connection = LeaseConnection.open(address, access);
        try {
            LeaseDevices query = new LeaseDevices();
            var devices = connection.send(LeaseDevices.CALL, query.wireBytes(), query::writeFrame);
            Early early = wish == null ? null : ask(connection, wish);
            LeaseDevicesAnswer state =
                    LeaseDevicesAnswer.read(LeaseConnection.await(devices).body());
            return new Server(address, connection, state, early);
        } catch (IOException exception) {
            connection.close();
            throw LeaseConnection.fault(address, exception);
        }
    }

    /// Null where what is wanted can only be said when the devices are known.
    private static @Nullable Early ask(LeaseConnection connection, Wish wish) throws IOException {
        long millionths = 0;
        long bytes = 0;
        if (wish.share() instanceof Share.Mebibytes(long amount)) {
            bytes = amount * MIB;
        } else if (wish.share() instanceof Share.Fraction(long numerator, long denominator)) {
            millionths = numerator * MILLIONTHS / denominator;
            if (millionths * denominator != numerator * MILLIONTHS) {
                return null;
            }
        }
        if (connection.version() < PreparedSession.SINCE_VERSION) {
            return null;
        }
        return new Early(
                sendRequest(connection, wish, (int) millionths, bytes),
                PreparedSession.ask(connection, wish.shortCommand()));
    }

    private static CompletableFuture<LeaseConnection.Answer> sendRequest(
            LeaseConnection connection, Wish wish, int millionths, long bytes) throws IOException {
        LeaseRequest message =
                new LeaseRequest(
                        wish.count(),
                        millionths,
                        bytes,
                        System.getProperty("user.name", "?"),
                        wish.shortCommand(),
                        (int) ProcessHandle.current().pid());
        return connection.send(LeaseRequest.CALL, message.wireBytes(), message::writeFrame);
    }

    private static LeaseDevicesAnswer queryDevices(LeaseConnection connection) throws IOException {
        LeaseDevices query = new LeaseDevices();
        LeaseConnection.Answer answer =
                connection.call(LeaseDevices.CALL, query.wireBytes(), query::writeFrame);
        return LeaseDevicesAnswer.read(answer.body());
    }

    /// Tells an appliance, over a connection of its own, that the program of a session without a
    /// lease has ended.
    ///
    /// @throws Fault if it cannot be told
    public static void sessionEnded(ServerAddress address, Access access, UUID session) {
        SessionEnded message = new SessionEnded(Hello.NO_LEASE, session);
        try (LeaseConnection connection = LeaseConnection.open(address, access)) {
            var _ = connection.call(SessionEnded.CALL, message.wireBytes(), message::writeFrame);
        } catch (IOException exception) {
            throw LeaseConnection.fault(address, exception);
        }
    }

    public ServerAddress address() {
        return address;
    }

    /// The same with the host in numbers: two names of one server give the same.
    public ServerAddress numericAddress() {
        return new ServerAddress(connection.hostAddress(), address.port());
    }

    /// The server's version, a single word: the last of its build.
    public String build() {
        String build = state.build().strip();
        return build.isEmpty() ? "?" : build.substring(build.lastIndexOf(' ') + 1);
    }

    public int deviceCount() {
        return state.devices().size();
    }

    /// The share in MiB of each GPU. Where GPUs differ in size, it is worked out from the smallest.
    public long mebibytes(Share share) {
        long smallest = Long.MAX_VALUE;
        for (FreeDevice device : state.devices()) {
            smallest = Math.min(smallest, device.totalBytes() / MIB);
        }
        return share.mebibytesOf(smallest);
    }

    /// Why this server can never give `count` GPUs with `share`; null if it can.
    public @Nullable String impossible(int count, Share share) {
        if (count > deviceCount()) {
            return address
                    + ": has "
                    + deviceCount()
                    + " GPUs, -n "
                    + count
                    + " asks for more; ask for fewer";
        }
        long wanted = mebibytes(share);
        if (wanted < SMALLEST_MEBIBYTES) {
            return address
                    + ": nothing fits into "
                    + wanted
                    + " MiB; ask for "
                    + SMALLEST_MEBIBYTES
                    + " or more";
        }
        int large = 0;
        long largest = 0;
        for (FreeDevice device : state.devices()) {
            large += device.totalBytes() / MIB >= wanted ? 1 : 0;
            largest = Math.max(largest, device.totalBytes() / MIB);
        }
        return large >= count
                ? null
                : address
                        + ": no "
                        + count
                        + " GPUs with "
                        + wanted
                        + " MiB (the largest has "
                        + largest
                        + " MiB); ask for less";
    }

    /// The indexes of the GPUs that have so much free, the first `count` of them.
    public List<Integer> free(int count, long mebibytes) {
        List<Integer> free = new ArrayList<>(count);
        for (int i = 0; i < deviceCount() && free.size() < count; i++) {
            if (state.devices().get(i).freeBytes() / MIB >= mebibytes) {
                free.add(i);
            }
        }
        return free;
    }

    /// What is free of each GPU: `GPU 0: 512 of 2048 MiB free, GPU 1: …`.
    public String freeMemory() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < deviceCount(); i++) {
            FreeDevice device = state.devices().get(i);
            text.append(i == 0 ? "" : ", ")
                    .append("GPU ")
                    .append(i)
                    .append(": ")
                    .append(device.freeBytes() / MIB)
                    .append(" of ")
                    .append(device.totalBytes() / MIB)
                    .append(" MiB free");
        }
        return text.toString();
    }

    /// Asks for the lease; null when others hold what is wanted.
    public @Nullable Lease request(Wish wish) {
        try {
            Early asked = early;
            early = null;
            Lease lease =
                    asked == null
                            ? null
                            : granted(LeaseConnection.await(asked.lease()), asked.session());
            if (lease != null && !isAsWished(lease, wish)) {
                var _ = lease.giveBack();
                lease = null;
                asked = null;
            }
            if (asked != null) {
                return lease;
            }
            long bytes = wish.share() instanceof Share.Whole ? 0 : mebibytes(wish.share()) * MIB;
            return granted(LeaseConnection.await(sendRequest(connection, wish, 0, bytes)), null);
        } catch (IOException exception) {
            throw LeaseConnection.fault(address, exception);
        }
    }

    /// Where GPUs differ in size, what was asked for before that was known is another share.
    private boolean isAsWished(Lease lease, Wish wish) {
        return !(wish.share() instanceof Share.Fraction)
                || lease.isOf(mebibytes(wish.share()) * MIB);
    }

    private @Nullable Lease granted(
            LeaseConnection.Answer answer, @Nullable PreparedSession session) throws IOException {
        if (answer.status() == CudaResult.ERROR_OUT_OF_MEMORY) {
            state = queryDevices(connection);
            return null;
        }
        if (answer.status() != 0) {
            throw new Fault(
                    ExitCode.UNAVAILABLE,
                    address
                            + ": cannot give what is asked for (status "
                            + answer.status()
                            + "); ask for less");
        }
        return new Lease(
                address, connection, build(), LeaseRequestAnswer.read(answer.body()), session);
    }

    /// The indexes of a lease's devices on this server.
    public List<Integer> indexes(Lease lease) {
        List<Integer> indexes = new ArrayList<>();
        for (UUID uuid : lease.devices()) {
            for (int i = 0; i < deviceCount(); i++) {
                if (state.devices().get(i).uuid().equals(uuid)) {
                    indexes.add(i);
                }
            }
        }
        return indexes;
    }

    @Override
    public void close() {
        connection.close();
    }
}
