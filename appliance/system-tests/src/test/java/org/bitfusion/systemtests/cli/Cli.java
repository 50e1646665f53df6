package org.bitfusion.systemtests.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.Repository;

/// `bin/bitfusion` of the product under `target/dist`, started as a shell would.
final class Cli {
    private static final int SECONDS_LIMIT = 60;

    private final Map<String, String> environment = new HashMap<>();
    private final List<String> server = new ArrayList<>();

    /// How a command ended and what it printed.
    record Result(int exitCode, String output, String errors) {}

    private Cli() {}

    /// Without any server.
    static Cli alone() {
        return new Cli();
    }

    /// With the secret and the address of an appliance.
    static Cli of(Appliance appliance) {
        return at("127.0.0.1:" + appliance.port(), appliance);
    }

    /// The same where another address leads to it.
    static Cli at(String address, Appliance appliance) {
        Cli cli = new Cli();
        cli.environment.put("BF_ACCESS_SECRET_FILE", appliance.accessSecretFile().toString());
        cli.server.addAll(List.of("-l", address));
        return cli;
    }

    Cli with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    static Path program() {
        Path program = Repository.bitfusion();
        if (!Files.isExecutable(program)) {
            throw new IllegalStateException(program + " is missing: ./dev build makes it");
        }
        return program;
    }

    Map<String, String> environment() {
        return environment;
    }

    /// `bitfusion run -n COUNT -l ADDRESS words…`
    List<String> run(int gpuCount, String... words) {
        List<String> command =
                new ArrayList<>(
                        List.of(program().toString(), "run", "-n", Integer.toString(gpuCount)));
        command.addAll(server);
        command.addAll(List.of(words));
        return command;
    }

    /// The same as one line for a shell.
    String runLine(int gpuCount, String words) {
        return String.join(" ", run(gpuCount)) + " " + words;
    }

    Result execute(String... words) {
        List<String> command = new ArrayList<>(List.of(program().toString()));
        command.addAll(List.of(words));
        return execute(command);
    }

    Result executeRun(int gpuCount, String... words) {
        return execute(run(gpuCount, words));
    }

    /// A bash script with this environment.
    Result executeShell(String script) {
        return execute(List.of("bash", "-c", script));
    }

    Result execute(List<String> command) {
        return execute(command, SECONDS_LIMIT);
    }

    Result execute(List<String> command, int seconds) {
        try {
            Path folder =
                    Files.createTempDirectory(Files.createDirectories(Repository.target()), "cli");
            Process process = start(command, folder.resolve("output"), folder.resolve("errors"));
            if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException(
                        command
                                + " did not end; errors: "
                                + Files.readString(folder.resolve("errors")));
            }
            return new Result(
                    process.exitValue(),
                    Files.readString(folder.resolve("output")),
                    Files.readString(folder.resolve("errors")));
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        } catch (InterruptedException exception) {
            throw new IllegalStateException(exception);
        }
    }

    /// As from a terminal: a caller in the background, or under nohup, may have signals ignored,
    /// which is inherited.
    static final List<String> WITH_INTERRUPTS = List.of("env", "--default-signal");

    Process start(List<String> command, Path output, Path errors) throws IOException {
        List<String> whole = new ArrayList<>(WITH_INTERRUPTS);
        whole.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(whole);
        builder.redirectInput(Path.of("/dev/null").toFile());
        builder.redirectOutput(output.toFile()).redirectError(errors.toFile());
        builder.environment().putAll(environment);
        return builder.start();
    }
}
