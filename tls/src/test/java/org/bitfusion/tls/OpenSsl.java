package org.bitfusion.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The `openssl` command of the machine, which knows nothing of this code.
public final class OpenSsl {
    private OpenSsl() {}

    /// What it printed, both streams together.
    public record Result(int code, String output) {}

    public static Result run(Path folder, String... arguments) {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        try {
            Process process =
                    new ProcessBuilder(command)
                            .directory(folder.toFile())
                            .redirectErrorStream(true)
                            .redirectInput(Path.of("/dev/null").toFile())
                            .start();
            String output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("openssl did not end: " + output);
            }
            return new Result(process.exitValue(), output);
        } catch (IOException exception) {
            throw new AssertionError("openssl is needed: " + exception, exception);
        } catch (InterruptedException exception) {
            throw new AssertionError(exception);
        }
    }

    /// Its output, of a run that must succeed.
    public static String output(Path folder, String... arguments) {
        Result result = run(folder, arguments);
        if (result.code() != 0) {
            throw new AssertionError(String.join(" ", arguments) + ": " + result.output());
        }
        return result.output();
    }

    public static Path write(Path folder, String name, String text) {
        try {
            return Files.writeString(folder.resolve(name), text);
        } catch (IOException exception) {
            throw new AssertionError(exception);
        }
    }
}
