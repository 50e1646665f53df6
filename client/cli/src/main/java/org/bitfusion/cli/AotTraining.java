package org.bitfusion.cli;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
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
        Main.main(runArguments);
    }
}
