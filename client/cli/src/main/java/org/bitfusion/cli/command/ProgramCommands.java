package org.bitfusion.cli.command;

import org.bitfusion.cli.Distribution;
import org.bitfusion.cli.help.HelpTexts;
import org.bitfusion.cli.options.ClientOptions;
import org.bitfusion.cli.options.LocalOptions;
import org.bitfusion.cli.options.RunOptions;
import org.bitfusion.cli.session.Starter;
import org.jspecify.annotations.Nullable;

/// The door to the commands that start a program of the user.
public final class ProgramCommands {
    /// The exit code after `help`.
    private static final int SUCCESS = 0;

    private ProgramCommands() {}

    /// Whether the command is one of these.
    public static boolean contains(String command) {
        return switch (command) {
            case "run", "client", "c", "local" -> true;
            default -> false;
        };
    }

    /// Executes `arguments`, whose first is the command; returns the exit code. What the user shall
    /// see on standard output goes through the starter.
    public static int execute(Distribution distribution, String[] arguments) {
        Starter starter = new Starter();
        try {
            CommandContext context = new CommandContext(distribution, System.getenv(), starter);
            return switch (arguments[0]) {
                case "run" -> run(context, RunOptions.parse(arguments, 1));
                case "local" -> local(context, LocalOptions.parse(arguments, 1));
                default -> client(context, ClientOptions.parse(arguments, 1));
            };
        } finally {
            starter.finish();
        }
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
