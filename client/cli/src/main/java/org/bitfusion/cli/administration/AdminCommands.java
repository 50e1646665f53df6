package org.bitfusion.cli.administration;

import java.io.InputStream;
import java.io.PrintStream;
import java.util.Map;
import java.util.Set;
import org.bitfusion.cli.Distribution;
import org.bitfusion.cli.help.HelpTexts;
import org.bitfusion.cli.options.AdminOptions;

/// The door to the commands of administrators.
public final class AdminCommands {
    private AdminCommands() {}

    /// Whether the command is one of these.
    public static boolean contains(String command) {
        return switch (HelpTexts.canonical(command)) {
            case "token",
                    "user",
                    "tls-certs",
                    "removenode",
                    "clients",
                    "settings",
                    "drain",
                    "undrain",
                    "leases",
                    "queue",
                    "events" ->
                    true;
            default -> false;
        };
    }

    /// Executes `arguments`, whose first is the command; returns the exit code.
    ///
    /// @param input from which passwords are read where no terminal is
    public static int execute(
            Distribution distribution,
            Map<String, String> environment,
            InputStream input,
            PrintStream output,
            String... arguments) {
        String command = HelpTexts.canonical(arguments[0]);
        AdminOptions options = AdminOptions.parse(arguments, flags(command));
        if (options == null) {
            output.print(HelpTexts.command(command, distribution));
            output.flush();
            return 0;
        }
        Desk desk = new Desk(environment, output, Passwords.ofProcess(input), options);
        return switch (command) {
            case "token" -> new TokenCommand(desk).execute();
            case "user" -> new UserCommand(desk).execute();
            case "tls-certs" -> new CertificatesCommand(desk).execute();
            case "clients" -> new ClientsCommand(desk).execute();
            case "settings" -> new SettingsCommand(desk).execute();
            case "drain" -> new DrainCommand(desk, true).execute();
            case "undrain" -> new DrainCommand(desk, false).execute();
            case "leases" -> new LeasesCommand(desk).execute();
            case "queue" -> QueueCommand.ofQueue(desk).execute();
            case "events" -> QueueCommand.ofEvents(desk).execute();
            default -> new RemoveNodeCommand(desk).execute();
        };
    }

    private static Set<String> flags(String command) {
        return switch (command) {
            case "token" -> TokenCommand.FLAGS;
            case "user" -> UserCommand.FLAGS;
            case "tls-certs" -> CertificatesCommand.FLAGS;
            case "clients" -> ClientsCommand.FLAGS;
            case "settings" -> SettingsCommand.FLAGS;
            case "drain", "undrain" -> DrainCommand.FLAGS;
            case "leases" -> LeasesCommand.FLAGS;
            case "queue", "events" -> QueueCommand.FLAGS;
            default -> RemoveNodeCommand.FLAGS;
        };
    }
}
