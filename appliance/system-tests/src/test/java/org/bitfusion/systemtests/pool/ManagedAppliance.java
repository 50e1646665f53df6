package org.bitfusion.systemtests.pool;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;

/// An appliance of a pool: the product's `bitfusion manager` on an address of loopback, with two
/// software GPUs of 512 MiB.
final class ManagedAppliance implements AutoCloseable {
    private static final Duration START = Duration.ofMinutes(2);
    private static final int PORTS = 5;
    private static final int END_SECONDS = 30;
    private static final int COMMAND_SECONDS = 90;

    private final Path folder;
    private final String address;
    private final int port;
    private final int dispatcherPort;
    private final Process process;

    private ManagedAppliance(Path folder, String address, List<String> more) throws IOException {
        this.folder = folder;
        this.address = address;
        List<Integer> ports = freePorts(address);
        port = ports.get(0);
        dispatcherPort = ports.get(1);
        List<String> command =
                new ArrayList<>(
                        List.of(
                                program(),
                                "manager",
                                "--name",
                                "gpu-" + address.substring(address.lastIndexOf('.') + 1),
                                "--listen",
                                address,
                                "--port",
                                ports.get(0).toString(),
                                "--dispatcher_port",
                                ports.get(1).toString(),
                                "--zookeeper_ports",
                                ports.get(2) + "," + ports.get(3) + "," + ports.get(4)));
        command.addAll(more);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(root());
        builder.environment()
                .putAll(
                        Map.of(
                                "BF_GPU", "soft",
                                "BF_SOFT_DEVICES", "2",
                                "BF_SOFT_MEMORY", "512",
                                "BF_SOFT_ID", folder.getFileName().toString(),
                                "BF_HOST_FOLDER", hostFolder().toString(),
                                "BF_PRESTARTED_WORKERS", "1",
                                "BF_SERVER_PORT_MIN", "0",
                                "BF_IMAGE_STORE", folder.resolve("images").toString(),
                                "BF_CRASH_FOLDER", folder.resolve("crashes").toString()));
        builder.redirectOutput(folder.resolve("out").toFile());
        builder.redirectError(folder.resolve("log").toFile());
        process = builder.start();
    }

    /// Starts it and waits until it listens.
    ///
    /// @param more words for its command line
    static ManagedAppliance start(String address, String... more) {
        try {
            Path folder =
                    Files.createTempDirectory(
                            Files.createDirectories(Repository.target()), "managed");
            ManagedAppliance appliance = new ManagedAppliance(folder, address, List.of(more));
            await().atMost(START)
                    .pollInterval(Duration.ofMillis(100))
                    .until(() ->
                            !appliance.process.isAlive()
                                    || appliance.text("out").contains("Listening on"));
            if (!appliance.process.isAlive()) {
                throw new IllegalStateException("no manager: " + appliance.text("log"));
            }
            return appliance;
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    private static List<Integer> freePorts(String address) throws IOException {
        List<ServerSocket> sockets = new ArrayList<>();
        List<Integer> ports = new ArrayList<>();
        for (int i = 0; i < PORTS; i++) {
            ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral(address));
            sockets.add(socket);
            ports.add(socket.getLocalPort());
        }
        for (ServerSocket socket : sockets) {
            socket.close();
        }
        return ports;
    }

    static String program() {
        return Repository.bitfusion().toString();
    }

    /// All of its files.
    Path folder() {
        return folder;
    }

    /// The ledger of its GPUs, as of a machine of its own.
    Path hostFolder() {
        return folder.resolve("gpus");
    }

    int port() {
        return port;
    }

    int dispatcherPort() {
        return dispatcherPort;
    }

    /// `127.0.0.2:56001`
    String manager() {
        return address + ":" + port;
    }

    /// The environment of root on it.
    private Map<String, String> root() {
        return Map.of("BF_MANAGER_FOLDER", folder.toString(), "HOME", folder.toString());
    }

    /// A command of root on it.
    CProgram.Result asRoot(String... words) {
        return CProgram.run(command(words), root(), COMMAND_SECONDS);
    }

    /// A command line of the product.
    static List<String> command(String... words) {
        List<String> command = new ArrayList<>(List.of(program()));
        command.addAll(List.of(words));
        return command;
    }

    /// A command whose standard input is a line.
    CProgram.Result asRootWithLine(String line, String... words) {
        List<String> command =
                new ArrayList<>(List.of("bash", "-c", "printf '%s\\n' \"$LINE\" | \"$@\"", "bash"));
        command.addAll(command(words));
        Map<String, String> environment = new HashMap<>(root());
        environment.put("LINE", line);
        return CProgram.run(command, environment, COMMAND_SECONDS);
    }

    /// A new user's home, enabled as an administrator does it: by the files of a token.
    Path home() {
        try {
            String id = asRoot("token", "create", "--output", "json").output();
            id = id.replaceAll("(?s).*\"id\": \"([A-Za-z0-9]+)\".*", "$1");
            Path home = Files.createTempDirectory(Repository.target(), "home");
            Path tar = home.resolve(id + ".tar");
            CProgram.Result saved = asRoot("token", "download", id, "-f", tar.toString());
            if (saved.exitCode() != 0) {
                throw new IllegalStateException(saved.output());
            }
            String script =
                    "set -e; umask 077; mkdir -p .bitfusion/tls; tar -xf *.tar -C .bitfusion;"
                            + " mv .bitfusion/ca.crt .bitfusion/tls";
            CProgram.Result unpacked =
                    CProgram.run(List.of("bash", "-c", "cd " + home + "; " + script), Map.of(), 10);
            if (unpacked.exitCode() != 0) {
                throw new IllegalStateException(unpacked.output());
            }
            return home;
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    /// A command of a user.
    static CProgram.Result as(Path home, String... words) {
        return CProgram.run(command(words), Map.of("HOME", home.toString()), COMMAND_SECONDS);
    }

    private String text(String name) {
        try {
            Path file = folder.resolve(name);
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    String log() {
        return text("log");
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException exception) {
            throw new IllegalStateException(exception);
        }
    }
}
