package org.bitfusion.systemtests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A program from `src/test/c`, linked with the client's `libcuda.so.1` as an unmodified driver-API
/// program would be.
public record CProgram(Path executable, Sanitizer sanitizer) {

    /// How a finished program ended and what it printed.
    public record Result(int exitCode, String output) {}

    /// How program and library are built to find faults that tests do not see.
    public enum Sanitizer {
        NONE(""),
        ADDRESS("asan", "-fsanitize=address,undefined", "-fno-omit-frame-pointer"),
        THREAD("tsan", "-fsanitize=thread");

        private final String folder;

        @SuppressWarnings("ImmutableEnumChecker") // made by List.of
        private final List<String> flags;

        Sanitizer(String folder, String... flags) {
            this.folder = folder;
            this.flags = List.of(flags);
        }

        /// The folder with the library of this kind; all but NONE are made by `make asan tsan`.
        public Path shim() {
            return Repository.shim().resolve(folder);
        }
    }

    public static CProgram build(String name) {
        return build(name, Sanitizer.NONE);
    }

    public static CProgram build(String name, Sanitizer sanitizer) {
        Path source = Repository.root().resolve("appliance/system-tests/src/test/c/" + name + ".c");
        Path executable =
                Repository.target().resolve("programs").resolve(sanitizer.folder).resolve(name);
        Path made; // in its place at once: another test class may be running it
        try {
            Files.createDirectories(executable.getParent());
            made = Files.createTempFile(executable.getParent(), name, ".made");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "gcc",
                                "-std=c17",
                                "-D_GNU_SOURCE",
                                "-O1",
                                "-g",
                                "-Wall",
                                "-o",
                                made.toString(),
                                source.toString(),
                                "-L" + sanitizer.shim(),
                                "-l:libcuda.so.1",
                                "-lm",
                                "-lpthread",
                                "-ldl"));
        command.addAll(1, sanitizer.flags);
        Result result = run(command, Map.of(), 60);
        if (result.exitCode() != 0) {
            throw new IllegalStateException("gcc " + source + ": " + result.output());
        }
        try {
            Files.move(made, executable, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new CProgram(executable, sanitizer);
    }

    /// The names of the program's tests.
    public List<String> tests() {
        return run(
                        List.of(executable.toString(), "--list"),
                        Map.of("LD_LIBRARY_PATH", sanitizer.shim().toString()),
                        10)
                .output()
                .lines()
                .toList();
    }

    public Result run(String test, Map<String, String> environment) {
        return run(List.of(executable.toString(), test), environment, 60);
    }

    /// Runs a command to its end; after `seconds` it is killed and the result has exit code -1.
    public static Result run(List<String> command, Map<String, String> environment, int seconds) {
        try {
            Path output =
                    Files.createTempFile(
                            Files.createDirectories(Repository.target()), "output", ".txt");
            Process process =
                    start(command, environment, ProcessBuilder.Redirect.to(output.toFile()));
            boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
            process.destroyForcibly().waitFor();
            String text = Files.readString(output);
            Files.delete(output);
            return new Result(
                    ended ? process.exitValue() : -1,
                    ended ? text : text + "\n(killed after " + seconds + " s)");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Starts a command whose output goes to `output` (stderr with it).
    public static Process start(
            List<String> command, Map<String, String> environment, ProcessBuilder.Redirect output)
            throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(new ArrayList<>(command)).redirectErrorStream(true);
        builder.redirectOutput(output);
        builder.environment().putAll(environment);
        return builder.start();
    }
}
