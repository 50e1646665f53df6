package org.bitfusion.cli.command;

import org.bitfusion.cli.Distribution;
import org.bitfusion.cli.help.HelpTexts;
import org.bitfusion.cli.options.ClientOptions;
import org.bitfusion.cli.options.LocalOptions;
import org.bitfusion.cli.options.RunOptions;
import org.bitfusion.cli.session.Cancellation;
import org.bitfusion.cli.session.NativeText;
import org.bitfusion.cli.session.Starter;
import org.jspecify.annotations.Nullable;

/// The door to the commands that start a program of the user.
public final class ProgramCommands {
    /// The exit code after `help`.
    private static final int SUCCESS = 0;

    private static final int SIGNAL_BASE = 128;

    private ProgramCommands() {}

    /// Whether the command is one of these.
    public static boolean contains(String command) {
        return switch (command) {
            case "run", "client", "c", "local" -> true;
            default -> false;
        };
    }

    /// Executes `given`, whose first is the command; returns the exit code. What the user shall see
    /// on standard output goes through the starter.
    public static int execute(Distribution distribution, String[] given) {
        String[] arguments = NativeText.arguments(given);
        Starter starter = new Starter();
        Cancellation cancellation = new Cancellation(ProgramCommands::end);
        try {
            starter.onCancel(cancellation::cancel);
            CommandContext context =
                    new CommandContext(
                            distribution,
                            NativeText.environment(System.getenv()),
                            starter,
                            cancellation);
            return switch (arguments[0]) {
                case "run" -> run(context, RunOptions.parse(arguments, 1));
                case "local" -> local(context, LocalOptions.parse(arguments, 1));
                default -> client(context, ClientOptions.parse(arguments, 1));
            };
        } finally {
            cancellation.awaitEnd();
            starter.finish();
        }
    }

    /// Whatever this process holds of an appliance ends with its connections.
    private static void end(int signal) {
        Runtime.getRuntime().halt(SIGNAL_BASE + signal);
    }

    private static int run(CommandContext context, @Nullable RunOptions options) {
        return options == null ? help("run", context) : new RunCommand(context, options).execute();
    }

    private static int local(CommandContext context, @Nullable LocalOptions options) {
        return options == null
                ? help("local", context)
                : new LocalCommand(context, options).execute();
    }

    private static int client(CommandContext context, @Nullable ClientOptions options) {
        return options == null
                ? help("client", context)
                : new ClientCommand(context, options).execute();
    }

    private static int help(String command, CommandContext context) {
        context.starter().print(HelpTexts.command(command, context.distribution()));
        return SUCCESS;
    }
}
