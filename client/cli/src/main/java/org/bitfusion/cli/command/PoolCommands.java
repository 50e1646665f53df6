package org.bitfusion.cli.command;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import org.bitfusion.cli.Distribution;
import org.bitfusion.cli.help.HelpTexts;
import org.bitfusion.cli.options.ListOptions;
import org.bitfusion.cli.options.RequestOptions;
import org.jspecify.annotations.Nullable;

/// The door to the commands that speak with a pool's managers and start no program.
public final class PoolCommands {
    private PoolCommands() {}

    /// Whether the command is one of these.
    public static boolean contains(String command) {
        return switch (command) {
            case "list_gpus", "request_gpus", "release_gpus" -> true;
            default -> false;
        };
    }

    /// Executes `arguments`, whose first is the command; returns the exit code.
    public static int execute(
            Distribution distribution,
            Map<String, String> environment,
            PrintStream output,
            String... arguments) {
        Surroundings surroundings = new Surroundings(environment, output);
        return switch (arguments[0]) {
            case "list_gpus" -> {
                ListOptions options = ListOptions.parse(arguments, 1);
                yield options == null
                        ? help(distribution, output, arguments[0])
                        : new ListGpusCommand(surroundings, options).execute();
            }
            case "request_gpus" -> {
                RequestOptions options = RequestOptions.parseRequest(arguments, 1);
                yield options == null
                        ? help(distribution, output, arguments[0])
                        : new RequestGpusCommand(surroundings, options).execute();
            }
            default -> {
                RequestOptions options = RequestOptions.parseRelease(arguments, 1);
                yield options == null
                        ? help(distribution, output, arguments[0])
                        : new ReleaseGpusCommand(surroundings, options).execute();
            }
        };
    }

    private static int help(Distribution distribution, PrintStream output, String command) {
        output.print(HelpTexts.command(command, distribution));
        output.flush();
        return 0;
    }

    /// What these commands know of their surroundings.
    ///
    /// @param environment of the user's shell
    /// @param output where results go
    record Surroundings(Map<String, String> environment, PrintStream output) {
        Path userHome() {
            String home = environment.get("HOME");
            return Path.of(
                    home != null && !home.isEmpty() ? home : System.getProperty("user.home"));
        }

        ServerChoice servers(@Nullable String serverList, @Nullable String serversFile) {
            return new ServerChoice(environment, userHome(), serverList, serversFile);
        }

        /// `-f FILE`, else where `client` looks for it.
        Path adaptorFile(@Nullable String named) {
            return named != null
                    ? Path.of(named).toAbsolutePath()
                    : userHome().resolve(".bitfusionio/adaptor.conf");
        }
    }
}
