package org.bitfusion.cli.help;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.bitfusion.cli.Distribution;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.Version;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Unmatched;

/// The commands that start no program of the user. Texts are [HelpTexts]', not picocli's.
@Command(
        name = "bitfusion",
        subcommands = {
            FrontCommand.HelpCommand.class,
            FrontCommand.VersionCommand.class,
            FrontCommand.ServerCommand.class,
            FrontCommand.ManagerCommand.class,
            FrontCommand.InitdbCommand.class
        })
public final class FrontCommand implements ParsedCommand {
    private final Distribution distribution;
    private final PrintStream output;

    @Option(names = {"-h", "--help"})
    private boolean help;

    @Option(names = {"-v", "--version"})
    private boolean version;

    private FrontCommand(Distribution distribution, PrintStream output) {
        this.distribution = distribution;
        this.output = output;
    }

    /// Parses and executes; returns the exit code.
    public static int execute(Distribution distribution, PrintStream output, String... arguments)
            throws Exception {
        if (arguments.length > 0
                && !arguments[0].startsWith("-")
                && !isFrontCommand(arguments[0])) {
            throw HelpTexts.unknown(arguments[0], distribution);
        }
        try {
            CommandLine.ParseResult result =
                    new CommandLine(new FrontCommand(distribution, output)).parseArgs(arguments);
            while (result.hasSubcommand()) {
                result = result.subcommand();
            }
            return ((ParsedCommand) result.commandSpec().userObject()).call();
        } catch (CommandLine.ParameterException exception) {
            String problem = String.valueOf(exception.getMessage()).replace('\n', ' ');
            throw new Fault(ExitCode.USAGE, problem + " (see: " + distribution.name() + " help)");
        }
    }

    private static boolean isFrontCommand(String command) {
        return switch (HelpTexts.canonical(command)) {
            case "help", "version", "server", "manager", "initdb" -> true;
            default -> false;
        };
    }

    @Override
    public int call() {
        output.print(version && !help ? Version.LINE + "\n" : HelpTexts.commands(distribution));
        return 0;
    }

    /// `help [command]`.
    @Command(name = "help", aliases = "h")
    static final class HelpCommand implements ParsedCommand {
        @ParentCommand private @Nullable FrontCommand front;

        @Parameters(arity = "0..1")
        private @Nullable String command;

        @Option(names = {"-h", "--help"})
        private boolean help;

        @Override
        public int call() {
            FrontCommand parent = Objects.requireNonNull(front);
            String topic = help ? "help" : command;
            parent.output.print(
                    topic == null
                            ? HelpTexts.commands(parent.distribution)
                            : HelpTexts.command(topic, parent.distribution));
            return 0;
        }
    }

    /// `version`.
    @Command(name = "version", aliases = "v")
    static final class VersionCommand implements ParsedCommand {
        @ParentCommand private @Nullable FrontCommand front;

        @Option(names = {"-h", "--help"})
        private boolean help;

        @Override
        public int call() {
            FrontCommand parent = Objects.requireNonNull(front);
            parent.output.print(
                    help ? HelpTexts.command("version", parent.distribution) : Version.LINE + "\n");
            return 0;
        }
    }

    /// `server [-p PORT]`: this process becomes the appliance.
    @Command(name = "server", aliases = "s")
    static final class ServerCommand implements ParsedCommand {
        private static final int PORT_LIMIT = 65535;

        @ParentCommand private @Nullable FrontCommand front;

        @Option(
                names = {"-p", "--port"},
                paramLabel = "PORT")
        private int port = 55001;

        @Option(names = {"-h", "--help"})
        private boolean help;

        @Override
        public int call() throws Exception {
            FrontCommand parent = Objects.requireNonNull(front);
            if (help) {
                parent.output.print(HelpTexts.command("server", parent.distribution));
                return 0;
            }
            if (port < 0 || port > PORT_LIMIT) {
                throw new Fault(
                        ExitCode.USAGE,
                        "server: -p " + port + ": give a port from 0 to " + PORT_LIMIT);
            }
            return ApplianceProcess.become(port);
        }
    }

    /// A command whose flags are for the appliance's service, which knows them.
    abstract static class ManagerFlagsCommand implements ParsedCommand {
        private final String name;

        @ParentCommand private @Nullable FrontCommand front;

        @Unmatched private final List<String> arguments = new ArrayList<>();

        @Option(names = {"-h", "--help"})
        private boolean help;

        ManagerFlagsCommand(String name) {
            this.name = name;
        }

        /// @return exit code
        abstract int run(List<String> flags) throws Exception;

        @Override
        public final int call() throws Exception {
            FrontCommand parent = Objects.requireNonNull(front);
            if (help) {
                parent.output.print(HelpTexts.command(name, parent.distribution));
                return 0;
            }
            return run(arguments);
        }
    }

    /// `manager [flags]`: this process becomes the appliance's service.
    @Command(name = "manager")
    static final class ManagerCommand extends ManagerFlagsCommand {
        ManagerCommand() {
            super("manager");
        }

        @Override
        int run(List<String> flags) throws Exception {
            return ApplianceProcess.becomeManager(flags);
        }
    }

    /// `initdb [flags]`: founds a pool.
    @Command(name = "initdb")
    static final class InitdbCommand extends ManagerFlagsCommand {
        InitdbCommand() {
            super("initdb");
        }

        @Override
        int run(List<String> flags) throws Exception {
            return ApplianceProcess.found(flags);
        }
    }
}
