package org.bitfusion.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/// The built product's own appliance with one software GPU, on a free loopback port.
final class BenchAppliance implements AutoCloseable {
    private static final Pattern LISTENING =
            Pattern.compile("Listening on 127\\.0\\.0\\.1 : (\\d+)");

    /// Below the range from which the kernel gives ports; a multiple of [#PORT_BLOCK].
    private static final int FIRST_DATA_PORT = 20_000;

    /// A power of two, so that one mask covers the ports of an appliance.
    static final int PORT_BLOCK = 32;

    private static final int DATA_PORTS = 20;

    /// Each appliance here has data ports of its own.
    private static final String PEER_PORTS = "1024-65535";

    private final Path distribution;
    private final Path folder;
    private final Path secret;
    private final Process process;
    private final int port;
    private final int dataPorts = FIRST_DATA_PORT + PORT_BLOCK * (int) (Math.random() * 300);

    BenchAppliance(Path distribution, Path folder) throws IOException {
        this(distribution, folder, Map.of());
    }

    /// @param settings of its environment
    BenchAppliance(Path distribution, Path folder, Map<String, String> settings)
            throws IOException {
        this(List.of(), distribution, folder, folder.resolve("access.secret"), settings);
    }

    /// @param prefix a command that starts the appliance, for example in a network namespace
    /// @param secret the file with the access secret, which is made if it is not there
    BenchAppliance(List<String> prefix, Path distribution, Path folder, Path secret)
            throws IOException {
        this(prefix, distribution, folder, secret, Map.of());
    }

    private BenchAppliance(
            List<String> prefix,
            Path distribution,
            Path folder,
            Path secret,
            Map<String, String> settings)
            throws IOException {
        this.distribution = distribution;
        this.folder = Files.createDirectories(folder);
        this.secret = secret;
        List<String> command = new ArrayList<>(prefix);
        command.addAll(
                List.of(distribution.resolve("bin/bitfusion").toString(), "server", "-p", "0"));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("BF_GPU", "soft");
        builder.environment().put("BF_SOFT_DEVICES", "1");
        builder.environment().put("BF_SERVER_PORT_MIN", Integer.toString(dataPorts));
        builder.environment()
                .put("BF_SERVER_PORT_MAX", Integer.toString(dataPorts + DATA_PORTS - 1));
        builder.environment().put("BF_PEER_PORTS", PEER_PORTS);
        builder.environment().put("BF_ACCESS_SECRET_FILE", secret.toString());
        builder.environment().putAll(settings);
        builder.redirectError(folder.resolve("appliance.log").toFile());
        process = builder.start();
        port = awaitPort();
        Files.writeString(folder.resolve("adaptor.conf"), "127.0.0.1:" + port + "\n");
    }

    // The reader stays open: closing it would break the appliance's later prints.
    @SuppressWarnings("resource")
    private int awaitPort() throws IOException {
        BufferedReader output = process.inputReader();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            Matcher matcher = LISTENING.matcher(line);
            if (matcher.find()) {
                // A virtual thread that reads a pipe keeps a processor's carrier: two of them, and
                // no other virtual thread of two processors runs any more.
                Thread.ofPlatform().daemon().start(() -> output.lines().forEach(ignored -> {}));
                return Integer.parseInt(matcher.group(1));
            }
        }
        throw new IOException(
                "the appliance did not start: "
                        + Files.readString(folder.resolve("appliance.log")));
    }

    /// The first of the [#PORT_BLOCK] ports of which its workers use some; the last is free.
    int dataPorts() {
        return dataPorts;
    }

    /// Where it may listen: the dispatcher's port, then those of its workers.
    List<Integer> ports() {
        return IntStream.concat(
                        IntStream.of(port), IntStream.range(dataPorts, dataPorts + DATA_PORTS))
                .boxed()
                .toList();
    }

    /// For a program that reaches the appliance, and others behind it, at another address.
    Map<String, String> environment(String address, BenchAppliance... others) throws IOException {
        StringBuilder servers = new StringBuilder(address + ":" + port + "\n");
        for (BenchAppliance other : others) {
            servers.append(address + ":" + other.port + "\n");
        }
        Path adaptor = folder.resolve("adaptor-" + address + "-" + others.length + ".conf");
        Files.writeString(adaptor, servers);
        Map<String, String> environment = environment();
        environment.put("BF_ADAPTOR_CONFIG", adaptor.toString());
        return environment;
    }

    /// For a program that uses the appliance without a lease.
    Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>();
        environment.put("BF_ACCESS_SECRET_FILE", secret.toString());
        environment.put("BF_ADAPTOR_CONFIG", folder.resolve("adaptor.conf").toString());
        environment.put("LD_LIBRARY_PATH", distribution.resolve("lib/cuda").toString());
        return environment;
    }

    /// `bitfusion run -n 1 -- COMMAND` against this appliance.
    List<String> runCommand(String... command) {
        return runCommandAt("127.0.0.1", command);
    }

    /// The same where it is reached at another address.
    List<String> runCommandAt(String address, String... command) {
        List<String> all =
                new ArrayList<>(
                        List.of(
                                distribution.resolve("bin/bitfusion").toString(),
                                "run",
                                "-n",
                                "1",
                                "-l",
                                address + ":" + port,
                                "--"));
        all.addAll(List.of(command));
        return all;
    }

    Map<String, String> runEnvironment() {
        return Map.of("BF_ACCESS_SECRET_FILE", secret.toString());
    }

    /// The processes that serve its sessions.
    List<ProcessHandle> workers() {
        return process.descendants()
                .filter(each -> each.info().commandLine().orElse("").contains("WorkerMain"))
                .toList();
    }

    @Override
    public void close() {
        List<ProcessHandle> workers = process.descendants().toList();
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        workers.forEach(ProcessHandle::destroyForcibly);
    }
}
