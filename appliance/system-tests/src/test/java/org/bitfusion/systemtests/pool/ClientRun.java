package org.bitfusion.systemtests.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bitfusion.systemtests.CProgram;

/// `bitfusion run` of a program that fills its share of each GPU.
///
/// @param held which GPUs it has taken and given back, a line each
record ClientRun(Process process, Path errors, Path held) {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    /// @param seconds for which it holds what it has
    static ClientRun start(
            PoolOfAppliances pool, CProgram program, double seconds, String... options) {
        try {
            Path folder = Files.createTempDirectory(pool.home(), "run");
            return start(pool, program, folder.resolve("held"), folder, seconds, options);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A program in a lease that there is already.
    ///
    /// @param lease the file of `request_gpus`
    static ClientRun in(PoolOfAppliances pool, CProgram program, String lease) {
        try {
            Path folder = Files.createTempDirectory(pool.home(), "run");
            return start(
                    pool,
                    program,
                    folder.resolve("held"),
                    folder,
                    0,
                    List.of("client", "-f", lease));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// @param held may be one file for many programs
    /// @param folder for what it prints
    static ClientRun start(
            PoolOfAppliances pool,
            CProgram program,
            Path held,
            Path folder,
            double seconds,
            String... options) {
        List<String> command = new ArrayList<>(List.of("run"));
        command.addAll(List.of(options));
        return start(pool, program, held, folder, seconds, command);
    }

    private static ClientRun start(
            PoolOfAppliances pool,
            CProgram program,
            Path held,
            Path folder,
            double seconds,
            List<String> command) {
        List<String> words = new ArrayList<>(command);
        words.addAll(List.of("--", program.executable().toString(), "fills_its_share"));
        ProcessBuilder builder = new ProcessBuilder(pool.onClient(words.toArray(String[]::new)));
        builder.environment().putAll(pool.clientEnvironment());
        builder.environment().put("BF_TEST_SECONDS", Double.toString(seconds));
        builder.environment().put("BF_TEST_FILE", held.toString());
        builder.environment().put("BF_TEST_NAME", folder.getFileName().toString());
        builder.redirectInput(Path.of("/dev/null").toFile());
        builder.redirectOutput(folder.resolve("output").toFile());
        builder.redirectError(folder.resolve("errors").toFile());
        try {
            return new ClientRun(builder.start(), folder.resolve("errors"), held);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Waits until it has taken so many GPUs.
    ClientRun holding(int gpus) {
        await("holds " + gpus)
                .atMost(PATIENCE)
                .until(() -> !process.isAlive() || gpus().size() == gpus);
        assertThat(gpus()).as(errorText()).hasSize(gpus);
        return this;
    }

    /// Which GPUs it has taken.
    List<String> gpus() {
        return Files.exists(held)
                ? text(held)
                        .lines()
                        .filter(line -> line.startsWith("+"))
                        .map(line -> line.split(" ", -1)[1])
                        .toList()
                : List.of();
    }

    /// Whether a line of the file is this program's.
    boolean wrote(String line) {
        return line.endsWith(" " + errors.getName(errors.getNameCount() - 2));
    }

    String errorText() {
        return text(errors);
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Waits for its end.
    ///
    /// @return its exit code
    int end() {
        try {
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .as("ends; " + errorText())
                    .isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return process.exitValue();
    }
}
