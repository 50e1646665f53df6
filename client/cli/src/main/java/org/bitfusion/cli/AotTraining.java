package org.bitfusion.cli;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import org.bitfusion.cli.command.PoolCommands;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.help.FrontCommand;
import org.bitfusion.cli.lease.Access;
import org.bitfusion.cli.lease.Lease;
import org.bitfusion.cli.lease.Server;
import org.bitfusion.cli.options.Share;

/// Run once when the product is built (`build-tools/train`): does what the AOT cache shall make
/// fast, `run` of a pool's client last. Of TLS it is the library's way that is made fast; JSSE's
/// classes would only make the cache larger.
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
        ofDispatcher(System.getenv("BF_TRAINING_SERVER"));
        ofPool(distribution, nowhere);
        Main.main(runArguments);
    }

    /// As the user who runs the appliance.
    private static void ofDispatcher(String text) {
        ServerAddress address = Objects.requireNonNull(ServerAddress.parse(text));
        Access access = Access.of(System.getenv(), Path.of(System.getenv("HOME")));
        Server.Wish wish = new Server.Wish(1, Share.parseFraction("0.5"), "true");
        try (Server server = Server.connect(address, access, wish)) {
            Lease lease = Objects.requireNonNull(server.request(wish));
            lease.keep(_ -> {});
            var _ = lease.release();
        }
    }

    private static void ofPool(Distribution distribution, PrintStream nowhere) {
        PoolCommands.execute(distribution, System.getenv(), nowhere, "list_gpus");
        try {
            PoolCommands.execute(distribution, System.getenv(), nowhere, "request_gpus", "-n", "1");
        } catch (Fault fault) {
            if (fault.code() != ExitCode.UNAVAILABLE) {
                throw fault;
            }
        }
    }
}
