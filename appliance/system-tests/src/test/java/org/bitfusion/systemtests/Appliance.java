package org.bitfusion.systemtests;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A whole appliance in processes of its own, `bitfusion server` on a free loopback port and with a
/// secret of its own. [#close()] ends it and all its workers.
public final class Appliance implements AutoCloseable {
    private static final Pattern LISTENING = Pattern.compile("Listening on \\S+ : (\\d+)");

    /// For workers that serve a program of a second: what the second compiler makes comes too late,
    /// and costs them half of their time.
    public static final String SHORT_LIVED = "-XX:TieredStopAtLevel=1";

    private final Process process;
    private final int port;
    private final Path folder;
    private final List<String> prefix;
    private final Map<String, String> settings;

    private Appliance(
            List<String> prefix, Map<String, String> settings, Path folder, int wantedPort)
            throws IOException {
        this.prefix = List.copyOf(prefix);
        this.settings = Map.copyOf(settings);
        this.folder = folder;
        process = process(wantedPort);
        port = awaitPort(process, folder);
    }

    public static Appliance start(Map<String, String> settings) {
        return start(List.of(), settings);
    }

    /// @param prefix a command that starts it, for example to enter a network namespace
    public static Appliance start(List<String> prefix, Map<String, String> settings) {
        try {
            Path folder =
                    Files.createTempDirectory(
                            Files.createDirectories(Repository.target()), "appliance");
            return new Appliance(prefix, settings, folder, 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The same one again, on its port, after its dispatcher has ended.
    public Appliance startAgain() {
        try {
            return new Appliance(prefix, settings, folder, port);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Process process(int wantedPort) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(server());
        command.addAll(List.of("-p", Integer.toString(wantedPort)));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.redirectError(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()));
        builder.environment().put("BF_GPU", "soft");
        builder.environment().put("BF_SOFT_DEVICES", "2");
        builder.environment().put("BF_SOFT_MEMORY", "2048");
        builder.environment().put("BF_SOFT_ID", folder.getFileName().toString());
        builder.environment()
                .put("BF_ACCESS_SECRET_FILE", folder.resolve("access.secret").toString());
        builder.environment().put("BF_RUN_FOLDER", folder.resolve("run").toString());
        builder.environment().put("BF_HOST_FOLDER", folder.resolve("gpus").toString());
        builder.environment().put("BF_WORKER_JAVA_OPTIONS", SHORT_LIVED);
        builder.environment().putAll(settings);
        return builder.start();
    }

    /// The product's command; where only the tests were brought, as by `./dev gpu`, the class that
    /// it starts.
    private static List<String> server() {
        Path bitfusion = Repository.bitfusion();
        return Files.isExecutable(bitfusion)
                ? List.of(bitfusion.toString(), "server")
                : List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "org.bitfusion.server.ApplianceMain");
    }

    // The reader stays open: closing it would break the appliance's later prints.
    @SuppressWarnings("resource")
    private static int awaitPort(Process process, Path folder) throws IOException {
        BufferedReader output = process.inputReader();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            Matcher matcher = LISTENING.matcher(line);
            if (matcher.find()) {
                Thread.ofVirtual().start(() -> output.lines().forEach(ignored -> {}));
                return Integer.parseInt(matcher.group(1));
            }
        }
        throw new IllegalStateException(
                "the appliance did not start: " + Files.readString(folder.resolve("log")));
    }

    public int port() {
        return port;
    }

    public Process process() {
        return process;
    }

    public String log() {
        try {
            return Files.readString(folder.resolve("log"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path accessSecretFile() {
        return folder.resolve("access.secret");
    }

    /// The worker processes that now belong to this appliance.
    public List<ProcessHandle> workers() {
        return process.toHandle().descendants().filter(ProcessHandle::isAlive).toList();
    }

    /// What a program needs to use all devices of this appliance, and of others that have the same
    /// access secret, without a lease.
    public Map<String, String> clientEnvironment(Appliance... others) {
        StringBuilder servers = new StringBuilder("127.0.0.1:" + port + "\n");
        for (Appliance other : others) {
            servers.append("127.0.0.1:").append(other.port).append('\n');
        }
        try {
            Path adaptor = folder.resolve("adaptor.conf");
            Files.writeString(adaptor, servers);
            return Map.of(
                    "BF_ADAPTOR_CONFIG", adaptor.toString(),
                    "BF_ACCESS_SECRET_FILE", accessSecretFile().toString(),
                    "LD_LIBRARY_PATH", Repository.shim().toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        List<ProcessHandle> workers = workers();
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
        }
        workers.forEach(ProcessHandle::destroyForcibly);
    }
}
