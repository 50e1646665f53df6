package org.bitfusion.cli.command;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.Access;
import org.bitfusion.cli.lease.Lease;
import org.bitfusion.cli.lease.Server;
import org.bitfusion.cli.options.Share;
import org.bitfusion.cli.session.Starter;
import org.bitfusion.cli.session.Transcript;
import org.jspecify.annotations.Nullable;

/// Finds the dispatcher that gives the GPUs, where there is no pool to ask: the first of the list
/// that can, now or within the waiting time.
///
/// @param gpuCount how many GPUs, all of one server
/// @param share memory of each
/// @param patience how long to wait for them
/// @param command the program's command line
record GpuChoice(int gpuCount, Share share, Duration patience, String command) {
    private static final Duration PAUSE = Duration.ofMillis(500);

    /// The lease; waits for it as long as it takes, listening to the starter.
    Lease lease(
            List<ServerAddress> addresses, Access access, Transcript transcript, Starter starter) {
        List<Server> servers = connect(addresses, access, transcript);
        transcript.info("Choosing GPUs from server list " + shown(servers));
        long end = System.nanoTime() + patience.toNanos();
        boolean waiting = false;
        while (true) {
            for (int i = 0; i < servers.size(); i++) {
                Lease lease = request(servers, i, transcript, waiting);
                if (lease != null) {
                    return lease;
                }
            }
            if (System.nanoTime() - end >= 0) {
                throw new Fault(
                        ExitCode.WAITED_IN_VAIN,
                        "no "
                                + gpuCount
                                + " GPUs with "
                                + servers.getFirst().mebibytes(share)
                                + " MiB were free within "
                                + patience.toSeconds()
                                + " s; ask for less, or wait longer with -t");
            }
            if (!waiting) {
                transcript.delay(waitingLine(servers));
                waiting = true;
            }
            starter.next(PAUSE); // a cancellation ends the process there and then
        }
    }

    /// With what is free, for a smaller share may be had at once.
    private String waitingLine(List<Server> servers) {
        StringBuilder text = new StringBuilder("Waiting up to ");
        text.append(patience.toSeconds()).append(" s for GPUs that others use");
        for (Server server : servers) {
            boolean fits = server.free(gpuCount, server.mebibytes(share)).size() == gpuCount;
            text.append("; server ").append(server.address()).append(" has ");
            text.append(server.freeMemory());
            text.append(fits ? ", for which others came first" : "");
        }
        return text.toString();
    }

    private Server.Wish wish() {
        return new Server.Wish(gpuCount, share, command);
    }

    private @Nullable Lease request(
            List<Server> servers, int index, Transcript transcript, boolean waiting) {
        Server server = servers.get(index);
        long mebibytes = server.mebibytes(share);
        List<Integer> free = server.free(gpuCount, mebibytes);
        if (!waiting && free.size() == gpuCount) {
            transcript.info(
                    "Requesting GPUs "
                            + ResourceTexts.list(free)
                            + " with "
                            + mebibytes
                            + " MiB of memory from server "
                            + index
                            + ", with version "
                            + server.build()
                            + "...");
        }
        Lease lease = server.request(wish());
        if (lease == null) {
            return null;
        }
        if (waiting) {
            transcript.info(
                    "Got GPUs "
                            + ResourceTexts.list(server.indexes(lease))
                            + " with "
                            + mebibytes
                            + " MiB of memory from server "
                            + index);
        }
        for (Server other : servers) {
            if (other != server) {
                other.close();
            }
        }
        return lease;
    }

    /// The servers that answer and are large enough.
    private List<Server> connect(
            List<ServerAddress> addresses, Access access, Transcript transcript) {
        List<Server> servers = new ArrayList<>();
        Fault firstFault = null;
        for (ServerAddress address : addresses) {
            transcript.info("Query server " + address + " gpu availability");
            try {
                // With several servers the first one that has GPUs free is asked for them.
                Server server =
                        Server.connect(address, access, addresses.size() == 1 ? wish() : null);
                String impossible = server.impossible(gpuCount, share);
                if (impossible != null) {
                    server.close();
                    throw new Fault(ExitCode.UNAVAILABLE, impossible);
                }
                servers.add(server);
            } catch (Fault fault) {
                if (addresses.size() > 1) {
                    transcript.warn("Error querying server " + fault.line());
                }
                firstFault = firstFault == null ? fault : firstFault;
            }
        }
        if (!servers.isEmpty() || firstFault == null) {
            return servers;
        }
        throw addresses.size() == 1
                ? firstFault
                : new Fault(
                        firstFault.code(),
                        "Unable to use any of the existing servers: "
                                + joined(addresses)
                                + "; see the lines above");
    }

    private static String shown(List<Server> servers) {
        StringBuilder text = new StringBuilder("[");
        for (Server server : servers) {
            text.append(text.length() > 1 ? " " : "").append(server.address());
        }
        return text.append(']').toString();
    }

    private static String joined(List<ServerAddress> addresses) {
        StringBuilder text = new StringBuilder();
        for (ServerAddress address : addresses) {
            text.append(text.isEmpty() ? "" : " ").append(address);
        }
        return text.toString();
    }
}
