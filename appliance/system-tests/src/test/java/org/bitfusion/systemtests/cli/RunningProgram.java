package org.bitfusion.systemtests.cli;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.bitfusion.systemtests.Repository;

/// A command that runs while a test looks at it.
final class RunningProgram implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final Process process;
    private final Path output;
    private final Path errors;

    private RunningProgram(Process process, Path output, Path errors) {
        this.process = process;
        this.output = output;
        this.errors = errors;
    }

    static RunningProgram start(Cli cli, List<String> command) {
        try {
            Path folder =
                    Files.createTempDirectory(Files.createDirectories(Repository.target()), "cli");
            Path output = folder.resolve("output");
            Path errors = folder.resolve("errors");
            return new RunningProgram(cli.start(command, output, errors), output, errors);
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    String output() {
        return read(output);
    }

    String errors() {
        return read(errors);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    /// Waits until the program has printed `text`; all that it printed.
    String awaitOutput(String text) {
        await("output " + text)
                .atMost(LIMIT)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> output().contains(text));
        return output();
    }

    /// Waits until the command has written `text` on standard error.
    void awaitErrors(String text) {
        await("errors " + text)
                .atMost(LIMIT)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> errors().contains(text));
    }

    int awaitEnd() {
        await("end")
                .atMost(LIMIT)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> !process.isAlive());
        return process.exitValue();
    }

    Process process() {
        return process;
    }

    /// Sends a signal by its name, to the starter only.
    void signal(String name) {
        signal(name, process.pid());
    }

    static void signal(String name, long process) {
        Cli.Result result =
                Cli.alone().execute(List.of("kill", "-" + name, Long.toString(process)));
        if (result.exitCode() != 0) {
            throw new IllegalStateException(
                    "kill -" + name + " " + process + ": " + result.errors());
        }
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
