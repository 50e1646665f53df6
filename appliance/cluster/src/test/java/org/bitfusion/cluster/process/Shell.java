package org.bitfusion.cluster.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/// A command of the machine's shell.
final class Shell {
    private Shell() {}

    /// What it printed, both streams together, however it ended.
    static String run(Path folder, String command) {
        try {
            Process process =
                    new ProcessBuilder("bash", "-c", command)
                            .directory(folder.toFile())
                            .redirectErrorStream(true)
                            .start();
            process.getOutputStream().close();
            String output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(command + " did not end: " + output);
            }
            return output;
        } catch (IOException | InterruptedException exception) {
            throw new AssertionError(exception);
        }
    }
}
