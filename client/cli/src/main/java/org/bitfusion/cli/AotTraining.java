package org.bitfusion.cli;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.bitfusion.cli.command.PoolCommands;
import org.bitfusion.cli.help.FrontCommand;

/// Run once when the product is built (`build-tools/train`): does what the AOT cache shall make
/// fast, `run` last.
final class AotTraining {
    private AotTraining() {}

    public static void main(String[] runArguments) throws Exception {
        Distribution distribution = Distribution.current();
        PrintStream nowhere =
                new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        for (String command : new String[] {"help", "version", "server"}) {
            FrontCommand.execute(distribution, nowhere, command, "--help");
        }
        FrontCommand.execute(distribution, nowhere, "version");
        String home = System.getenv("BF_TRAINING_HOME");
        if (home != null) {
            ofPool(distribution, Map.of("HOME", home), nowhere);
        }
        Main.main(runArguments);
    }

    private static void ofPool(
            Distribution distribution, Map<String, String> client, PrintStream nowhere) {
        PoolCommands.execute(distribution, client, nowhere, "list_gpus");
        try {
            PoolCommands.execute(distribution, client, nowhere, "request_gpus", "-n", "1");
        } catch (Fault fault) {
            if (fault.code() != ExitCode.UNAVAILABLE) {
                throw fault;
            }
        }
    }
}
