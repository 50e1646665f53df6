package org.bitfusion.cli.command;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.bitfusion.cli.Distribution;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.Access;
import org.bitfusion.cli.lease.AccessSecret;

/// An appliance in a process of its own, on a free loopback port and with a secret of its own;
/// closing it ends it.
final class PrivateAppliance implements AutoCloseable {
    private static final String LOOPBACK = "127.0.0.1";
    private static final String LISTENING = "Listening on " + LOOPBACK + " : ";
    private static final long END_SECONDS = 5;

    private final Process process;
    private final Path folder;
    private final ServerAddress address;

    private PrivateAppliance(Process process, Path folder, ServerAddress address) {
        this.process = process;
        this.folder = folder;
        this.address = address;
    }

    /// Starts it and waits until it listens.
    static PrivateAppliance start(CommandContext context) {
        Path folder =
                context.cancellation()
                        .make(() -> folder(context.sessionFolder()), PrivateAppliance::remove);
        Process process =
                context.cancellation()
                        .make(() -> process(context.distribution(), folder), PrivateAppliance::end);
        try {
            return new PrivateAppliance(process, folder, awaitAddress(process, folder));
        } catch (IOException exception) {
            throw cannotStart(folder, exception);
        }
    }

    private static Path folder(Path parent) {
        try {
            return Files.createTempDirectory(parent, "bitfusion-local");
        } catch (IOException exception) {
            throw new Fault(
                    ExitCode.CANNOT_CREATE,
                    "cannot make a folder in " + parent + " (" + exception.getMessage() + ")");
        }
    }

    private static Process process(Distribution distribution, Path folder) {
        ProcessBuilder builder =
                new ProcessBuilder(
                        distribution.home().resolve("bin/bitfusion").toString(),
                        "server",
                        "-p",
                        "0",
                        "-l",
                        LOOPBACK);
        // What the user has said of other appliances.
        builder.environment().keySet().removeAll(List.of("BF_TLS_FOLDER", "BF_RUN_FOLDER"));
        builder.environment()
                .put("BF_ACCESS_SECRET_FILE", folder.resolve("access.secret").toString());
        builder.environment().put("BF_END_WITH_PARENT", "1");
        builder.redirectError(folder.resolve("log").toFile());
        try {
            return builder.start();
        } catch (IOException exception) {
            throw cannotStart(folder, exception);
        }
    }

    private static Fault cannotStart(Path folder, IOException exception) {
        return new Fault(
                ExitCode.INTERNAL,
                "cannot start an appliance (" + exception.getMessage() + "); see " + folder);
    }

    private static ServerAddress awaitAddress(Process process, Path folder) throws IOException {
        BufferedReader output = process.inputReader();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith(LISTENING)) {
                return new ServerAddress(LOOPBACK, port(line));
            }
        }
        throw new Fault(
                ExitCode.INTERNAL, "the appliance did not start; see " + folder.resolve("log"));
    }

    /// The number after `Listening on …`, whatever follows it.
    private static int port(String line) {
        int end = LISTENING.length();
        while (end < line.length() && Character.isDigit(line.charAt(end))) {
            end++;
        }
        return Integer.parseInt(line, LISTENING.length(), end, 10);
    }

    ServerAddress address() {
        return address;
    }

    Access access() {
        return Access.of(
                AccessSecret.read(
                        Map.of("BF_ACCESS_SECRET_FILE", folder.resolve("access.secret").toString()),
                        folder));
    }

    @Override
    public void close() {
        end(process);
        remove(folder);
    }

    private static void end(Process process) {
        process.destroy();
        try {
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static void remove(Path folder) {
        try {
            for (String name : new String[] {"access.secret", "log"}) {
                Files.deleteIfExists(folder.resolve(name));
            }
            Files.deleteIfExists(folder);
        } catch (IOException _) {
            // What is left in /tmp is of no use to anyone.
        }
    }
}
