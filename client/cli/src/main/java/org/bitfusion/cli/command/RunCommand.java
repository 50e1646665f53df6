package org.bitfusion.cli.command;

import java.nio.file.Path;
import java.util.List;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.configuration.ServersFile;
import org.bitfusion.cli.lease.Access;
import org.bitfusion.cli.options.RunOptions;
import org.bitfusion.cli.session.ShownCommand;
import org.bitfusion.cli.session.Transcript;

/// `run`: GPUs of an appliance, a program that uses them, and their release.
///
/// @param context surroundings
/// @param options what the user typed
record RunCommand(CommandContext context, RunOptions options) {
    int execute() {
        List<ServerAddress> servers = servers();
        Access access = Access.of(context.environment(), context.userHome());
        access.prepare(servers);
        String command = ShownCommand.of(options.application());
        GpuChoice choice =
                new GpuChoice(options.gpuCount(), options.share(), options.patience(), command);
        Transcript transcript = new Transcript(options.quiet());
        return new LeasedProgram(context, transcript, choice, options.application())
                .execute(servers, access);
    }

    private List<ServerAddress> servers() {
        if (options.serverList() != null) {
            return ServerAddress.parseList(options.serverList());
        }
        if (options.serversFile() != null) {
            return ServersFile.read(Path.of(options.serversFile()));
        }
        return ServersFile.find(context.userHome(), CommandContext.SYSTEM_CONFIGURATION);
    }
}
