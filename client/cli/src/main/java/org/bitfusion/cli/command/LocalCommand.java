package org.bitfusion.cli.command;

import java.time.Duration;
import java.util.List;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.Access;
import org.bitfusion.cli.lease.Lease;
import org.bitfusion.cli.lease.Server;
import org.bitfusion.cli.options.LocalOptions;
import org.bitfusion.cli.options.WaitTime;
import org.bitfusion.cli.session.ShownCommand;
import org.bitfusion.cli.session.Transcript;

/// `local`: an appliance of the program's own on this machine, for as long as the program runs.
///
/// @param context surroundings
/// @param options what the user typed
record LocalCommand(CommandContext context, LocalOptions options) {
    int execute() {
        try (PrivateAppliance appliance = PrivateAppliance.start(context)) {
            Access access = appliance.access();
            int gpuCount;
            try (Server server = Server.connect(appliance.address(), access)) {
                gpuCount = server.deviceCount();
            }
            String command = ShownCommand.of(options.application());
            GpuChoice choice = new GpuChoice(gpuCount, options.share(), WaitTime.DEFAULT, command);
            Transcript transcript = new Transcript(options.quiet());
            List<ServerAddress> servers = List.of(appliance.address());
            Lease lease = choice.lease(servers, access, transcript, context.starter());
            return new LeasedProgram(context, transcript, options.share(), options.application())
                    .execute(new Holding(List.of(lease), servers, Duration.ZERO));
        }
    }
}
