package org.bitfusion.cli.command;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.AdaptorFile;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.Access;
import org.bitfusion.cli.lease.Lease;
import org.bitfusion.cli.lease.PoolAccess;
import org.bitfusion.cli.options.RunOptions;
import org.bitfusion.cli.pool.GrantedLease;
import org.bitfusion.cli.pool.LeaseOrder;
import org.bitfusion.cli.pool.LeaseWish;
import org.bitfusion.cli.pool.Membership;
import org.bitfusion.cli.pool.Pool;
import org.bitfusion.cli.session.ShownCommand;
import org.bitfusion.cli.session.Transcript;

/// `run`: GPUs of a pool, or of a dispatcher of this machine, a program that uses them, and their
/// release.
///
/// @param context surroundings
/// @param options what the user typed
record RunCommand(CommandContext context, RunOptions options) {
    /// What a message of the protocol has room for, in any script.
    private static final int COMMAND_CHARACTERS = 1365;

    int execute() {
        ServerChoice servers =
                new ServerChoice(
                        context.environment(),
                        context.userHome(),
                        options.serverList(),
                        options.serversFile());
        Transcript transcript = new Transcript(options.quiet());
        LeasedProgram program =
                new LeasedProgram(context, transcript, options.share(), options.application());
        return servers.isPool()
                ? ofPool(servers, transcript, program)
                : ofDispatcher(servers.dispatchers(), transcript, program);
    }

    private int ofDispatcher(
            List<ServerAddress> dispatchers, Transcript transcript, LeasedProgram program) {
        if (!options.filters().isEmpty()) {
            throw new Fault(
                    ExitCode.NOT_ALLOWED,
                    "--filter is for clients of a pool; enrol this client with a token, or choose the server with -l");
        }
        Access access = Access.of(context.environment(), context.userHome());
        access.prepare(dispatchers);
        GpuChoice choice =
                new GpuChoice(
                        options.gpuCount(),
                        options.share(),
                        options.patience(),
                        ShownCommand.of(options.application()));
        Lease lease = choice.lease(dispatchers, access, transcript, context.starter());
        return program.execute(new Holding(List.of(lease), dispatchers, Duration.ZERO));
    }

    private int ofPool(ServerChoice servers, Transcript transcript, LeasedProgram program) {
        List<ServerAddress> managers = servers.managers();
        PoolRequest words = new PoolRequest(transcript);
        Membership membership = servers.membership();
        PoolAccess access = membership.access(managers, words.enrolling());
        LeaseWish wish =
                new LeaseWish(
                        options.gpuCount(),
                        options.share(),
                        options.filters(),
                        servers.pinned(),
                        options.patience(),
                        "run",
                        parent(),
                        shortCommand());
        try (Pool pool = new Pool(managers, access.tls(), Optional.empty(), words)) {
            LeaseOrder order =
                    context.cancellation()
                            .make(() -> new LeaseOrder(pool, wish), LeaseOrder::withdraw);
            Holding holding =
                    new PoolGrant(
                                    words,
                                    context.cancellation(),
                                    transcript::warn,
                                    PoolGrant.PERSISTENCE)
                            .take(order, wish, lease -> join(lease, access));
            pool.hangUp();
            int code = program.execute(holding);
            String problem = membership.renewIfDue(managers, access);
            if (problem != null) {
                transcript.warn(problem);
            }
            return code;
        }
    }

    /// A word with each appliance of the lease.
    private Holding join(GrantedLease lease, PoolAccess access) {
        List<Lease> parts = new ArrayList<>();
        try {
            for (GrantedLease.Part part : lease.parts()) {
                boolean only = lease.parts().size() == 1;
                parts.add(
                        Lease.join(part.joined(), Access.of(access), only ? shortCommand() : null));
            }
        } catch (Fault fault) {
            parts.forEach(Lease::release);
            throw fault;
        }
        return new Holding(parts, PoolRequest.servers(lease), lease.idleTimeout());
    }

    /// The lease within which this command runs.
    private Optional<UUID> parent() {
        String file = context.environment().get("BF_ADAPTOR_CONFIG");
        return file == null || file.isEmpty() ? Optional.empty() : AdaptorFile.lease(Path.of(file));
    }

    private String shortCommand() {
        String command = ShownCommand.of(options.application());
        return command.length() > COMMAND_CHARACTERS
                ? command.substring(0, COMMAND_CHARACTERS)
                : command;
    }
}
