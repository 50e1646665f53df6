package org.bitfusion.allocator;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.cluster.pool.Contact;
import org.bitfusion.cluster.pool.PoolState;
import org.bitfusion.cluster.store.ZooKeeperRecordStore;
import org.bitfusion.dispatcher.Dispatcher;
import org.bitfusion.dispatcher.DispatcherSettings;
import org.bitfusion.protocol.Secret;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.server.WorkerMain;
import org.bitfusion.tls.context.TlsContext;

/// An appliance of a pool in this process: a dispatcher with real workers and two software GPUs of
/// 256 MiB, its parts, and its manager.
final class TestNode implements AutoCloseable {
    static final int GPUS = 2;
    static final int MEMORY_MIB = 256;

    /// How long promises wait to be taken.
    static final Duration UNTAKEN = Duration.ofSeconds(4);

    static final Duration VANISHED = Duration.ofSeconds(6);

    final UUID id;
    final PoolState pool;
    final Dispatcher dispatcher;
    final TestPeers peers;
    final Parts parts;
    final Allocator allocator;

    private TestNode(
            UUID id, PoolConnection connection, DispatcherSettings settings, TestPeers peers)
            throws IOException {
        this.id = id;
        this.peers = peers;
        pool = new PoolState(connection);
        dispatcher = Dispatcher.start(settings);
        parts =
                new Parts(
                        new Parts.Settings(
                                id,
                                new Appliance.Host(
                                        "gpu-" + id.getLeastSignificantBits(),
                                        List.of("127.0.0.1:" + dispatcher.port()),
                                        false,
                                        "",
                                        ""),
                                new Contact(56001, dispatcher.port(), "test"),
                                Duration.ofMillis(500),
                                UNTAKEN,
                                Duration.ofSeconds(15)),
                        pool,
                        dispatcher,
                        System::nanoTime);
        Allocator.Settings standard = Allocator.Settings.of(id);
        allocator =
                new Allocator(
                        new Allocator.Settings(
                                id,
                                standard.renewal(),
                                Duration.ofSeconds(5),
                                VANISHED,
                                Duration.ofSeconds(2),
                                standard.avoidRefusing(),
                                Duration.ofSeconds(3),
                                Duration.ofMillis(500),
                                standard.connecting()),
                        connection,
                        new ZooKeeperRecordStore(connection),
                        peers,
                        InstantSource.system());
        peers.add(this);
    }

    static TestNode start(UUID id, PoolConnection connection, TestPeers peers) throws IOException {
        return new TestNode(id, connection, settings(Optional.empty()), peers);
    }

    static DispatcherSettings settings(Optional<TlsContext> tls) throws IOException {
        return new DispatcherSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                new DispatcherSettings.PortRange(0, 0),
                Secret.random(new SecureRandom()),
                1,
                workerCommand(),
                Map.of(
                        "BF_GPU", "soft",
                        "BF_SOFT_DEVICES", Integer.toString(GPUS),
                        "BF_SOFT_MEMORY", Integer.toString(MEMORY_MIB),
                        "BF_SOFT_ID", UUID.randomUUID().toString(),
                        "BF_IMAGE_STORE", "target/images"),
                Optional.empty(),
                OptionalLong.empty(),
                "test appliance",
                Duration.ofSeconds(30),
                Duration.ofSeconds(1),
                256,
                Optional.empty(),
                Path.of("target", "gpus").toAbsolutePath(),
                Files.createTempDirectory(Path.of("target"), "run").toAbsolutePath(),
                tls);
    }

    private static List<String> workerCommand() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED");
        command.addAll(List.of("-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xmx64m"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.add(WorkerMain.class.getName());
        return command;
    }

    @Override
    public void close() {
        allocator.close();
        parts.close();
        dispatcher.close();
    }
}
