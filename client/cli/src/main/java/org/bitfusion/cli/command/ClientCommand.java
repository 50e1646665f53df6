package org.bitfusion.cli.command;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.AdaptorFile;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.Access;
import org.bitfusion.cli.lease.Lease;
import org.bitfusion.cli.lease.Server;
import org.bitfusion.cli.options.ClientOptions;
import org.bitfusion.cli.session.SessionFile;
import org.bitfusion.cli.session.Transcript;
import org.bitfusion.cli.session.Witness;
import org.jspecify.annotations.Nullable;

/// `client`: a program on all GPUs of dispatchers that already run.
///
/// @param context surroundings
/// @param options what the user typed
record ClientCommand(CommandContext context, ClientOptions options) {
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);
    private static final Duration RESTART = Duration.ofSeconds(30);
    private static final Duration RETRY = Duration.ofMillis(500);

    int execute() {
        if (options.serverList() != null) {
            return execute(ServerAddress.parseList(options.serverList()));
        }
        Path file = adaptorFile();
        List<ServerAddress> dispatchers = AdaptorFile.read(file);
        if (AdaptorFile.isLeased(file)) {
            boolean tls = AdaptorFile.leasedParts(file).stream().allMatch(part -> part.tls());
            if (tls) {
                dispatchers.forEach(ClientCommand::awaitAppliance);
            } else {
                askAll(dispatchers, access());
            }
            return ProgramRun.execute(context, file, options.application()); // the lease's session
        }
        return execute(dispatchers);
    }

    /// An appliance's manager that is started again is back within seconds, and with it the lease.
    private static void awaitAppliance(ServerAddress dispatcher) {
        long end = System.nanoTime() + RESTART.toNanos();
        for (boolean told = false; ; told = true) {
            try {
                var _ = Lease.reachable(List.of(dispatcher));
                return;
            } catch (Fault fault) {
                if (fault.code() != ExitCode.UNAVAILABLE) {
                    throw fault;
                }
                if (System.nanoTime() > end) {
                    throw new Fault(
                            fault.code(),
                            dispatcher
                                    + ": does not answer; the appliance or its manager has ended ('bitfusion"
                                    + " list_gpus' shows those that have not)");
                }
                if (!told) {
                    new Transcript(false)
                            .warn(
                                    dispatcher
                                            + " does not answer; if its manager is being started again, it"
                                            + " does soon: waiting for up to "
                                            + RESTART.toSeconds()
                                            + " s");
                }
                LockSupport.parkNanos(RETRY.toNanos());
            }
        }
    }

    private Access access() {
        return Access.of(context.environment(), context.userHome());
    }

    private int execute(List<ServerAddress> dispatchers) {
        Access access = access();
        List<ServerAddress> different = askAll(dispatchers, access);
        StringBuilder lines = new StringBuilder();
        for (ServerAddress dispatcher : different) {
            lines.append(dispatcher.host()).append(' ').append(dispatcher.port()).append('\n');
        }
        try (SessionFile file = context.sessionFile(lines.toString())) {
            context.starter()
                    .watch(file.witnessFolder(), session -> tellEnd(different, access, session));
            int code = ProgramRun.execute(context, file.path(), options.application());
            context.starter().witness().awaitPassedOn(LAST_WORDS);
            return code;
        }
    }

    private Path adaptorFile() {
        @Nullable String named = options.adaptorFile();
        return named != null
                ? Path.of(named)
                : AdaptorFile.find(context.userHome(), CommandContext.SYSTEM_CONFIGURATION);
    }

    /// So that a dispatcher that is not there is told here, in one line, and not by the program's
    /// first CUDA call.
    ///
    /// @return each dispatcher once, whatever names were given for it
    private static List<ServerAddress> askAll(List<ServerAddress> dispatchers, Access access) {
        List<ServerAddress> different = new ArrayList<>();
        for (ServerAddress dispatcher : dispatchers) {
            try (Server server = Server.connect(dispatcher, access)) {
                if (!different.contains(server.numericAddress())) {
                    different.add(server.numericAddress());
                }
            }
        }
        return different;
    }

    private static void tellEnd(
            List<ServerAddress> servers, Access access, Witness.OpenSession session) {
        if (session.server() < 0 || session.server() >= servers.size()) {
            return;
        }
        try {
            Server.sessionEnded(servers.get(session.server()), access, session.id());
        } catch (Fault _) {
            // Not told: the server waits for the program as long as it would without a word.
        }
    }
}
