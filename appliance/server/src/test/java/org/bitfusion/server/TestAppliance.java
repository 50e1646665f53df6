package org.bitfusion.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.bitfusion.dispatcher.Dispatcher;
import org.bitfusion.dispatcher.DispatcherSettings;
import org.bitfusion.dispatcher.DispatcherSettings.PortRange;
import org.bitfusion.dispatcher.DispatcherSettings.UserRange;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.message.LeaseRelease;
import org.bitfusion.protocol.message.LeaseRequest;
import org.bitfusion.protocol.message.LeaseRequestAnswer;
import org.bitfusion.protocol.message.SessionDevices;
import org.bitfusion.protocol.message.SessionEnded;
import org.bitfusion.protocol.message.SessionOpen;
import org.bitfusion.protocol.message.SessionOpenAnswer;

/// A dispatcher in this process with real workers: two software GPUs of 256 MiB.
final class TestAppliance implements AutoCloseable {
    static final long WINDOW_BASE = 0x7000_0000_0000L;
    static final long WINDOW_BYTES = 32L << 30;
    static final long DEVICE_BYTES = 256L << 20;

    /// Where workers that crash leave their reports.
    static final Path CRASHES = Path.of("target", "crashes");

    final Secret secret;
    final Dispatcher dispatcher;
    private final DispatcherSettings settings;

    TestAppliance(PortRange ports, int prestarted, Duration renewal) throws IOException {
        this(ports, prestarted, renewal, "");
    }

    /// @param javaOptions further options of the workers' JVM
    TestAppliance(PortRange ports, int prestarted, Duration renewal, String javaOptions)
            throws IOException {
        this(settings(ports, prestarted, renewal, javaOptions));
    }

    /// Whose workers run as other users of the operating system.
    static TestAppliance with(UserRange users) throws IOException {
        DispatcherSettings plain = settings(new PortRange(0, 0), 1, Duration.ofSeconds(30), "");
        return new TestAppliance(
                new DispatcherSettings(
                        plain.address(),
                        plain.ports(),
                        plain.accessSecret(),
                        plain.prestartedWorkers(),
                        plain.workerCommand(),
                        plain.workerEnvironment(),
                        plain.visibleDevices(),
                        plain.memoryLimitBytes(),
                        plain.build(),
                        plain.renewal(),
                        plain.grace(),
                        plain.mostSessions(),
                        Optional.of(users),
                        plain.hostFolder(),
                        plain.runFolder(),
                        Optional.empty()));
    }

    /// Where its processes keep what they share.
    Path runFolder() {
        return settings.runFolder();
    }

    private TestAppliance(DispatcherSettings settings) throws IOException {
        this.settings = settings;
        secret = settings.accessSecret();
        dispatcher = Dispatcher.start(settings);
    }

    private static DispatcherSettings settings(
            PortRange ports, int prestarted, Duration renewal, String javaOptions)
            throws IOException {
        Map<String, String> environment = new HashMap<>();
        environment.put("BF_GPU", "soft");
        environment.put("BF_COMPRESSION", "off"); // the test sessions read plain frames
        environment.put("BF_SOFT_DEVICES", "2");
        environment.put("BF_SOFT_MEMORY", "256");
        environment.put("BF_SOFT_ID", UUID.randomUUID().toString());
        environment.put("BF_IMAGE_STORE", "target/images");
        return new DispatcherSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                ports,
                Secret.random(new SecureRandom()),
                prestarted,
                WorkerCommand.of(
                        Map.of(
                                "BF_CRASH_FOLDER",
                                CRASHES.toString(),
                                "BF_WORKER_JAVA_OPTIONS",
                                javaOptions)),
                environment,
                Optional.empty(),
                OptionalLong.empty(),
                "test appliance",
                renewal,
                Duration.ofSeconds(1),
                256,
                Optional.empty(),
                Path.of("target", "gpus").toAbsolutePath(),
                Files.createTempDirectory(Path.of("target"), "run").toAbsolutePath(),
                Optional.empty());
    }

    /// Another dispatcher of the same appliance, after the end of this one.
    TestAppliance next() throws IOException {
        return new TestAppliance(settings);
    }

    TestAppliance() throws IOException {
        this(new PortRange(0, 0), 1, Duration.ofSeconds(30));
    }

    /// A connection that may lease.
    TestConnection leasing() throws IOException {
        return TestConnection.open(dispatcher.port(), Hello.KIND_LEASE, Hello.NO_LEASE, secret);
    }

    /// A lease and what its owner derived.
    record TestLease(LeaseRequestAnswer granted, Secret secret) {
        UUID id() {
            return granted.lease();
        }
    }

    /// A session that was opened, and what its owner derived.
    record TestOpened(int port, UUID id, Secret secret) {}

    static TestLease lease(TestConnection connection, int devices, long bytes) throws IOException {
        LeaseRequest message = new LeaseRequest(devices, 0, bytes, "test", "command", 1);
        TestConnection.Frame frame = connection.ask(message.wireBytes(), message::writeFrame);
        if (frame.header().status() != 0) {
            throw new RefusedException(frame.header().status());
        }
        LeaseRequestAnswer granted = LeaseRequestAnswer.read(frame.body());
        return new TestLease(granted, connection.handshake().leaseSecret(granted.lease()));
    }

    static int release(TestConnection connection, TestLease lease) throws IOException {
        LeaseRelease message = new LeaseRelease(lease.id());
        return connection.ask(message.wireBytes(), message::writeFrame).header().status();
    }

    /// The word of the host: the program of the session has ended.
    static int sessionEnded(TestConnection connection, UUID lease, UUID session)
            throws IOException {
        SessionEnded message = new SessionEnded(lease, session);
        return connection.ask(message.wireBytes(), message::writeFrame).header().status();
    }

    /// The dispatcher said no.
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1;
        final int status;

        RefusedException(int status) {
            super("status " + status);
            this.status = status;
        }
    }

    /// Asks for a worker with a lease, or without one.
    TestOpened openSession(Optional<TestLease> lease) throws IOException {
        return openSession(lease, WINDOW_BASE, WINDOW_BYTES);
    }

    TestOpened openSession(Optional<TestLease> lease, long windowBase, long windowBytes)
            throws IOException {
        try (TestConnection connection =
                TestConnection.open(
                        dispatcher.port(),
                        Hello.KIND_SESSION,
                        lease.map(TestLease::id).orElse(Hello.NO_LEASE),
                        lease.map(TestLease::secret).orElse(secret))) {
            SessionOpen message = new SessionOpen(1, "test", windowBase, windowBytes, (byte) 0);
            TestConnection.Frame frame = connection.ask(message.wireBytes(), message::writeFrame);
            if (frame.header().status() != 0) {
                throw new RefusedException(frame.header().status());
            }
            SessionOpenAnswer opened = SessionOpenAnswer.read(frame.body());
            return new TestOpened(
                    opened.port(),
                    opened.session(),
                    connection.handshake().sessionSecret(opened.session()));
        }
    }

    TestSession join(TestOpened opened) throws IOException {
        TestConnection data =
                TestConnection.open(opened.port(), Hello.KIND_DATA, opened.id(), opened.secret());
        return new TestSession(
                data,
                SessionDevices.read(data.receive().body()),
                data.handshake().answer().process());
    }

    TestSession session() throws IOException {
        return join(openSession(Optional.empty()));
    }

    TestSession session(TestLease lease) throws IOException {
        return join(openSession(Optional.of(lease)));
    }

    static List<Integer> ports(int count) {
        return java.util.stream.Stream.generate(TestAppliance::freePort).limit(count).toList();
    }

    private static int freePort() {
        try (java.net.ServerSocket socket = new java.net.ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        dispatcher.close();
    }
}
