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
            FrontCommand.SchedulerCommand.class,
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
            case "help", "version", "server", "resource_scheduler", "manager", "initdb" -> true;
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

    /// A dispatcher that is started by hand.
    abstract static class DispatcherCommand implements ParsedCommand {
        private static final int PORT_LIMIT = 65535;

        private final String name;

        @ParentCommand private @Nullable FrontCommand front;

        @Option(
                names = {"-p", "--port"},
                paramLabel = "PORT")
        private int port = 55001;

        @Option(names = "-n", paramLabel = "COUNT")
        private @Nullable Integer count;

        @Option(names = "-d", paramLabel = "DEVICES")
        private @Nullable String devices;

        @Option(names = "-l", paramLabel = "ADDRESS")
        private @Nullable String listen;

        @Option(names = {"-h", "--help"})
        private boolean help;

        DispatcherCommand(String name) {
            this.name = name;
        }

        /// @param arguments for the appliance
        /// @return exit code
        abstract int run(List<String> arguments) throws Exception;

        @Override
        public final int call() throws Exception {
            FrontCommand parent = Objects.requireNonNull(front);
            if (help) {
                parent.output.print(HelpTexts.command(name, parent.distribution));
                return 0;
            }
            List<String> arguments = new ArrayList<>();
            arguments.addAll(List.of("-p", port("-p", port)));
            add(arguments, "-n", count);
            add(arguments, "-d", devices);
            add(arguments, "-l", listen);
            return run(arguments);
        }

        private static void add(List<String> arguments, String flag, @Nullable Object value) {
            if (value != null) {
                arguments.addAll(List.of(flag, value.toString()));
            }
        }

        String port(String flag, int number) {
            if (number < 0 || number > PORT_LIMIT) {
                throw new Fault(
                        ExitCode.USAGE,
                        "%s: %s %d: give a port from 0 to %d"
                                .formatted(name, flag, number, PORT_LIMIT));
            }
            return Integer.toString(number);
        }
    }

    /// `server [-p PORT]`: this process becomes a dispatcher.
    @Command(name = "server", aliases = "s")
    static final class ServerCommand extends DispatcherCommand {
        ServerCommand() {
            super("server");
        }

        @Override
        int run(List<String> arguments) throws Exception {
            return ApplianceProcess.becomeDispatcher(arguments);
        }
    }

    /// `resource_scheduler [-s PORT] [-p PORT]`: this process becomes a resource scheduler.
    @Command(name = "resource_scheduler", aliases = "srs")
    static final class SchedulerCommand extends DispatcherCommand {
        @Option(
                names = {"-s", "--srs_port"},
                paramLabel = "PORT")
        private int schedulerPort = 56001;

        SchedulerCommand() {
            super("resource_scheduler");
        }

        @Override
        int run(List<String> arguments) throws Exception {
            arguments.addAll(List.of("-s", port("-s", schedulerPort)));
            return ApplianceProcess.becomeScheduler(arguments);
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
