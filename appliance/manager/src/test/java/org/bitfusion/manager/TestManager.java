package org.bitfusion.manager;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.awaitility.Awaitility;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.cluster.process.ZooKeeperFolder;
import org.bitfusion.manager.member.Peers;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A manager in a process of its own, with all that it starts, on an address of loopback. Its
/// folder stays when it ends.
final class TestManager implements AutoCloseable {
    static final JsonMapper JSON = new JsonMapper();

    private static final Duration START = Duration.ofMinutes(2);

    private final Path folder;
    private final String address;
    private final Ports ports;
    private final Process process;

    /// Free ones, kept over restarts.
    record Ports(int control, int dispatcher, int client, int quorum, int election) {
        static Ports free(String address) {
            List<ServerSocket> sockets = new ArrayList<>();
            try {
                for (int at = 0; at < 5; at++) {
                    sockets.add(new ServerSocket(0, 1, InetAddress.ofLiteral(address)));
                }
                List<Integer> numbers = sockets.stream().map(ServerSocket::getLocalPort).toList();
                return new Ports(
                        numbers.get(0),
                        numbers.get(1),
                        numbers.get(2),
                        numbers.get(3),
                        numbers.get(4));
            } catch (IOException exception) {
                throw new UncheckedIOException(exception);
            } finally {
                for (ServerSocket socket : sockets) {
                    try {
                        socket.close();
                    } catch (IOException _) {
                        // It was never used.
                    }
                }
            }
        }
    }

    private TestManager(Path folder, String address, Ports ports, List<String> more) {
        this(ManagerMain.class, folder, address, ports, more);
    }

    private TestManager(
            Class<?> main, Path folder, String address, Ports ports, List<String> more) {
        this.folder = folder;
        this.address = address;
        this.ports = ports;
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-XX:+UseSerialGC",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty("java.class.path"),
                                main.getName(),
                                "--name",
                                "appliance-" + address.replace('.', '-'),
                                "--listen",
                                address,
                                "--port",
                                Integer.toString(ports.control()),
                                "--dispatcher_port",
                                Integer.toString(ports.dispatcher()),
                                "--zookeeper_ports",
                                ports.client() + "," + ports.quorum() + "," + ports.election()));
        command.addAll(more);
        try {
            Files.createDirectories(folder);
            Files.deleteIfExists(folder.resolve("out"));
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment()
                    .putAll(
                            Map.of(
                                    "BF_MANAGER_FOLDER", folder.toString(),
                                    "BF_GPU", "soft",
                                    "BF_SOFT_DEVICES", "2",
                                    "BF_SOFT_MEMORY", "256",
                                    "BF_PRESTARTED_WORKERS", "0",
                                    "BF_SERVER_PORT_MIN", "0",
                                    "BF_IMAGE_STORE", folder.resolve("images").toString(),
                                    "BF_CRASH_FOLDER", folder.resolve("crashes").toString()));
            builder.redirectOutput(folder.resolve("out").toFile());
            builder.redirectError(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()));
            process = builder.start();
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    /// A first start, waited for.
    static TestManager start(Path folder, String address, String... more) {
        return new TestManager(folder, address, Ports.free(address), List.of(more)).listening();
    }

    /// One that ends as soon as its log says so, whatever it is at.
    static TestManager cutOff(Path folder, String address, String word, String... more) {
        TestManager manager = new TestManager(folder, address, Ports.free(address), List.of(more));
        Awaitility.await()
                .atMost(START)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> !manager.process.isAlive() || manager.log().contains(word));
        manager.kill();
        return manager;
    }

    /// The same again with these flags, after it has ended.
    TestManager startAgain(String... more) {
        return new TestManager(folder, address, ports, List.of(more)).listening();
    }

    /// One that is to fail: it has ended when this returns.
    static TestManager failing(Path folder, String address, String... more) {
        TestManager manager = new TestManager(folder, address, Ports.free(address), List.of(more));
        manager.awaitEnd();
        return manager;
    }

    /// `initdb`: it has ended when this returns.
    static TestManager founding(Path folder, String address, String... more) {
        return founding(folder, address, Ports.free(address), more);
    }

    /// `initdb` once more.
    TestManager foundAgain(String... more) {
        return founding(folder, address, ports, more);
    }

    private static TestManager founding(Path folder, String address, Ports ports, String... more) {
        TestManager manager =
                new TestManager(FoundingMain.class, folder, address, ports, List.of(more));
        manager.awaitEnd();
        return manager;
    }

    /// The same again, after it has ended.
    TestManager startAgain() {
        return startAgain(new String[0]);
    }

    private TestManager listening() {
        try {
            Awaitility.await()
                    .atMost(START)
                    .pollInterval(Duration.ofMillis(200))
                    .until(() -> !process.isAlive() || output().contains("Listening on"));
        } finally {
            if (!process.isAlive() || !output().contains("Listening on")) {
                process.destroyForcibly();
            }
        }
        assertThat(process.isAlive()).as(log()).isTrue();
        return this;
    }

    Path folder() {
        return folder;
    }

    Process process() {
        return process;
    }

    /// What it keeps in ZooKeeper, as an appliance of the pool sees it.
    PoolConnection zookeeper(UUID appliance) {
        Member through =
                new Member(
                        1,
                        appliance,
                        address,
                        new Member.Ports(ports.quorum(), ports.election(), ports.client()));
        return new PoolConnection(
                new PoolConnection.Settings(
                        new ZooKeeperFolder(folder.resolve("zookeeper")),
                        List.of(through),
                        PoolConnection.Settings.SESSION,
                        Duration.ofMinutes(1)));
    }

    /// What comes back until the connection is closed.
    String raw(String request) throws IOException {
        TlsContext context =
                TlsContext.client(
                        Optional.empty(),
                        PoolTrust.ofClient(
                                Certificates.readFile(folder.resolve("tls/ca.crt")),
                                InstantSource.system()));
        try (SSLSocket socket =
                (SSLSocket)
                        context.context()
                                .getSocketFactory()
                                .createSocket(address, ports.control())) {
            socket.setSSLParameters(context.parameters());
            socket.setSoTimeout(60_000);
            OutputStream output = socket.getOutputStream();
            byte[] answer = new byte[4096];
            int length = 0;
            try {
                output.write(request.getBytes(StandardCharsets.US_ASCII));
                output.flush();
                length = socket.getInputStream().read(answer);
            } catch (SocketException | SSLException _) {
                // It was closed while it was written to.
            }
            return new String(answer, 0, Math.max(0, length), StandardCharsets.US_ASCII);
        }
    }

    Ports ports() {
        return ports;
    }

    String authority() {
        return address + ":" + ports.control();
    }

    String address() {
        return address;
    }

    String output() {
        return text("out");
    }

    String log() {
        return text("log");
    }

    private String text(String name) {
        try {
            Path file = folder.resolve(name);
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    /// The appliance's own identity, with which root asks on its machine.
    Identity identity() {
        return Identity.readFile(folder.resolve("tls/appliance.pem"));
    }

    /// A client with a certificate, or without.
    Peers client(@Nullable Identity identity) {
        PoolTrust trust =
                PoolTrust.ofClient(
                        Certificates.readFile(folder.resolve("tls/ca.crt")),
                        InstantSource.system());
        Optional<Supplier<Identity>> shown = Optional.ofNullable(identity).map(own -> () -> own);
        return new Peers(TlsContext.client(shown, trust));
    }

    Peers.Answer ask(Peers client, String method, String path, @Nullable Object body)
            throws IOException {
        return ask(client, method, path, Map.of(), body);
    }

    Peers.Answer ask(
            Peers client,
            String method,
            String path,
            Map<String, String> headers,
            @Nullable Object body)
            throws IOException {
        return client.send(
                method,
                authority(),
                "/api/v1" + path,
                headers,
                Optional.ofNullable(body).map(JSON::writeValueAsBytes));
    }

    /// As root on the appliance, with the status that is expected.
    JsonNode asRoot(int status, String method, String path, @Nullable Object body) {
        try (Peers client = client(identity())) {
            Peers.Answer answer = ask(client, method, path, body);
            assertThat(answer.status()).as(text(answer)).isEqualTo(status);
            return json(answer);
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    /// The file that `token download` gives, mode 0600.
    Path download(String token) {
        try (Peers client = client(identity())) {
            Peers.Answer answer = ask(client, "GET", "/tokens/" + token + "/download", null);
            assertThat(answer.status()).as(text(answer)).isEqualTo(200);
            Path file = folder.resolve(token + ".tar");
            org.bitfusion.tls.file.PrivateFiles.writePrivate(file, answer.body());
            return file;
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    static JsonNode json(Peers.Answer answer) {
        return answer.body().length == 0 ? JSON.createObjectNode() : JSON.readTree(answer.body());
    }

    static String text(Peers.Answer answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    /// Its processes: itself, ZooKeeper, workers.
    List<ProcessHandle> processes() {
        List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
        all.add(process.toHandle());
        return all;
    }

    void kill() {
        process.destroyForcibly();
        awaitEnd();
    }

    void awaitEnd() {
        try {
            assertThat(process.waitFor(START.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException exception) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(exception);
        }
    }

    @Override
    public void close() {
        List<ProcessHandle> started = processes();
        process.destroy();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
        }
        started.forEach(ProcessHandle::destroyForcibly);
    }
}
