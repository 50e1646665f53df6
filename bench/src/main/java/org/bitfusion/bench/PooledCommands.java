package org.bitfusion.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Whole commands of a client of a pool: the built product's own manager on loopback, and a home
/// that is enrolled with it by a token.
final class PooledCommands implements AutoCloseable {
    private static final String HOST = "127.0.0.9";
    private static final Pattern ID = Pattern.compile("\"id\" ?: ?\"([^\"]+)\"");
    private static final int PORTS = 5;
    private static final int DEADLINE_SECONDS = 180;
    private static final int END_SECONDS = 20;
    private static final double TO_MILLISECONDS = 1e3;

    private final Path distribution;
    private final Path folder;
    private final Process manager;

    PooledCommands(Path distribution, Path folder) throws IOException, InterruptedException {
        this.distribution = distribution;
        this.folder = Files.createDirectories(folder);
        List<Integer> ports = freePorts();
        Path output = folder.resolve("output");
        ProcessBuilder builder =
                new ProcessBuilder(
                        command(
                                "manager",
                                "--name",
                                "bench",
                                "--listen",
                                HOST,
                                "--addresses",
                                HOST,
                                "--port",
                                ports.get(0).toString(),
                                "--dispatcher_port",
                                ports.get(1).toString(),
                                "--zookeeper_ports",
                                ports.get(2) + "," + ports.get(3) + "," + ports.get(4)));
        builder.environment().putAll(ofRoot());
        builder.redirectOutput(output.toFile()).redirectError(folder.resolve("log").toFile());
        manager = builder.start();
        try {
            awaitListening(output);
            enrol();
        } catch (IOException | InterruptedException failure) {
            close();
            throw failure;
        }
    }

    private static List<Integer> freePorts() throws IOException {
        List<ServerSocket> sockets = new ArrayList<>();
        List<Integer> ports = new ArrayList<>();
        for (int i = 0; i < PORTS; i++) {
            ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral(HOST));
            sockets.add(socket);
            ports.add(socket.getLocalPort());
        }
        for (ServerSocket socket : sockets) {
            socket.close();
        }
        return ports;
    }

    private Map<String, String> ofRoot() {
        Map<String, String> environment = new HashMap<>();
        environment.put("BF_MANAGER_FOLDER", folder.resolve("appliance").toString());
        environment.put("BF_GPU", "soft");
        environment.put("BF_SOFT_DEVICES", "1");
        environment.put("BF_SERVER_PORT_MIN", "0");
        environment.put("HOME", folder.toString());
        return environment;
    }

    private void awaitListening(Path output) throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (!Files.readString(output).contains("Listening on")) {
            if (!manager.isAlive() || System.nanoTime() > end) {
                throw new IOException(
                        "the manager did not start: " + Files.readString(folder.resolve("log")));
            }
            Thread.sleep(100);
        }
    }

    private void enrol() throws IOException, InterruptedException {
        Matcher id = ID.matcher(asRoot("token", "create", "--output", "json"));
        if (!id.find()) {
            throw new IOException("no token");
        }
        Path tar = folder.resolve("token.tar");
        asRoot("token", "download", id.group(1), "-f", tar.toString());
        Path own = folder.resolve("home/.bitfusion");
        Files.createDirectories(own.resolve("tls"));
        output(List.of("tar", "-xf", tar.toString(), "-C", own.toString()), Map.of());
        Files.move(own.resolve("ca.crt"), own.resolve("tls/ca.crt"));
        output(command("list_gpus"), ofClient());
    }

    private String asRoot(String... words) throws IOException, InterruptedException {
        return output(command(words), ofRoot());
    }

    private String output(List<String> command, Map<String, String> environment)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        builder.redirectError(folder.resolve("errors").toFile());
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(
                    String.join(" ", command) + ": " + Files.readString(folder.resolve("errors")));
        }
        return output;
    }

    private List<String> command(String... words) {
        return Stream.concat(
                        Stream.of(distribution.resolve("bin/bitfusion").toString()),
                        Stream.of(words))
                .toList();
    }

    private Map<String, String> ofClient() {
        return Map.of("HOME", folder.resolve("home").toString());
    }

    /// Milliseconds of a command from its start to its end.
    Probe milliseconds(String... words) {
        return Commands.seconds(command(words), ofClient(), TO_MILLISECONDS);
    }

    @Override
    public void close() {
        manager.destroy();
        try {
            if (!manager.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                manager.destroyForcibly();
            }
        } catch (InterruptedException interrupted) {
            manager.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
