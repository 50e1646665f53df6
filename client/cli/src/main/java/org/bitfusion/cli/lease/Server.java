package org.bitfusion.cli.lease;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
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

    private static final int COMMAND_LIMIT = 4096;

    private final ServerAddress address;
    private final LeaseConnection connection;
    private LeaseDevicesAnswer state;

    private Server(ServerAddress address, LeaseConnection connection, LeaseDevicesAnswer state) {
        this.address = address;
        this.connection = connection;
        this.state = state;
    }

    /// Connects and asks for the devices.
    ///
    /// @throws Fault if that fails
    public static Server connect(ServerAddress address, AccessSecret access) {
        LeaseConnection connection = LeaseConnection.open(address, access);
        try {
            return new Server(address, connection, queryDevices(connection));
        } catch (IOException exception) {
            connection.close();
            throw LeaseConnection.fault(address, exception);
        }
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
    public static void sessionEnded(ServerAddress address, AccessSecret access, UUID session) {
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
    ///
    /// @param command the program's command line, for the appliance's log
    public @Nullable Lease request(int count, Share share, String command) {
        long bytes = share instanceof Share.Whole ? 0 : mebibytes(share) * MIB;
        String shortCommand =
                command.length() * 3 > COMMAND_LIMIT
                        ? command.substring(0, COMMAND_LIMIT / 3)
                        : command;
        LeaseRequest message =
                new LeaseRequest(
                        count,
                        0,
                        bytes,
                        System.getProperty("user.name", "?"),
                        shortCommand,
                        (int) ProcessHandle.current().pid());
        try {
            LeaseConnection.Answer answer =
                    connection.call(LeaseRequest.CALL, message.wireBytes(), message::writeFrame);
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
            return new Lease(address, connection, build(), LeaseRequestAnswer.read(answer.body()));
        } catch (IOException exception) {
            throw LeaseConnection.fault(address, exception);
        }
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
