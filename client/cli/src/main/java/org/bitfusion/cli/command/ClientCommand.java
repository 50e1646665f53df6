package org.bitfusion.cli.command;

import java.nio.file.Path;
import java.util.List;
import org.bitfusion.cli.configuration.AdaptorFile;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.AccessSecret;
import org.bitfusion.cli.lease.Server;
import org.bitfusion.cli.options.ClientOptions;
import org.bitfusion.cli.session.SessionFile;
import org.jspecify.annotations.Nullable;

/// `client`: a program on all GPUs of dispatchers that already run.
///
/// @param context surroundings
/// @param options what the user typed
record ClientCommand(CommandContext context, ClientOptions options) {
    int execute() {
        if (options.serverList() == null) {
            Path file = adaptorFile();
            askAll(AdaptorFile.read(file));
            return ProgramRun.execute(context, file, options.application());
        }
        List<ServerAddress> dispatchers = ServerAddress.parseList(options.serverList());
        askAll(dispatchers);
        StringBuilder lines = new StringBuilder();
        for (ServerAddress dispatcher : dispatchers) {
            lines.append(dispatcher.host()).append(' ').append(dispatcher.port()).append('\n');
        }
        try (SessionFile file = context.sessionFile(lines.toString())) {
            return ProgramRun.execute(context, file.path(), options.application());
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
    private void askAll(List<ServerAddress> dispatchers) {
        AccessSecret access = AccessSecret.read(context.environment(), context.userHome());
        for (ServerAddress dispatcher : dispatchers) {
            Server.connect(dispatcher, access).close();
        }
    }
}
