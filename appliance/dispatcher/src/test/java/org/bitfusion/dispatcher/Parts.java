package org.bitfusion.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.bitfusion.dispatcher.DispatcherSettings.PortRange;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.control.WorkerReport;
import org.bitfusion.protocol.message.LeaseRequest;
import org.bitfusion.protocol.message.SessionOpen;
import org.jspecify.annotations.Nullable;

/// The dispatcher's parts behind its port, on a thread of their own, with workers that are
/// processes without a GPU.
final class Parts implements AutoCloseable {
    static final int MOST_SESSIONS = 3;
    private static final ServedDevice DEVICE =
            new ServedDevice(
                    0,
                    new UUID(1, 1),
                    "fake",
                    FakeWorker.DEVICE_BYTES,
                    FakeWorker.DEVICE_BYTES,
                    8,
                    0,
                    "0000:01:00.0");

    final DispatcherSettings settings;
    final RunFolder folder;
    final WorkerPool pool;
    final ConcurrentLinkedQueue<String> told = new ConcurrentLinkedQueue<>();
    private final MultiThreadIoEventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private @Nullable SessionBroker broker;
    private @Nullable Ledger ledger;

    Parts(Path path, FakeWorker.Behaviour behaviour, int prestarted) throws IOException {
        this(path, behaviour, prestarted, Duration.ofMinutes(2));
    }

    /// @param timeToStart how long a worker may take until it is ready
    Parts(Path path, FakeWorker.Behaviour behaviour, int prestarted, Duration timeToStart)
            throws IOException {
        settings =
                new DispatcherSettings(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        new PortRange(0, 0),
                        Secret.NONE,
                        prestarted,
                        FakeWorker.command(behaviour),
                        Map.of(),
                        Optional.empty(),
                        OptionalLong.empty(),
                        "test",
                        Duration.ofSeconds(30),
                        Duration.ofMillis(500),
                        MOST_SESSIONS,
                        Optional.empty(),
                        path.resolveSibling(path.getFileName() + "-gpus"),
                        path,
                        Optional.empty());
        folder = RunFolder.open(path);
        pool = new WorkerPool(settings, folder, loop(), new Told(), timeToStart);
        var _ =
                ControlSocket.open(
                        folder.socket(), false, group, new KnownWorkers(pool, () -> broker));
    }

    final class Told implements WorkerPool.Listener {
        @Override
        public void devicesKnown(List<WorkerReport.Device> devices) {
            told.add("devices " + devices.size());
        }

        @Override
        public void startingFailed(String reason) {
            told.add("failed " + reason);
        }
    }

    EventLoop loop() {
        return (EventLoop) group.next();
    }

    /// Does something on the dispatcher's thread.
    <T> T on(Callable<T> work) {
        return loop().submit(work).syncUninterruptibly().getNow();
    }

    void run(Runnable work) {
        loop().submit(work).syncUninterruptibly();
    }

    /// With one device.
    SessionBroker broker() throws IOException {
        List<ServedDevice> devices = List.of(DEVICE);
        Ledger made =
                Ledger.create(
                        folder, Ledger.joinHost(folder, settings.hostFolder(), devices), devices);
        ledger = made;
        SessionBroker known =
                on(() ->
                        new SessionBroker(
                                settings, loop(), pool, List.of(DEVICE), made, folder, _ -> {}));
        broker = known;
        return known;
    }

    /// Waits in the line for a worker.
    CompletableFuture<Optional<WorkerProcess>> take() {
        CompletableFuture<Optional<WorkerProcess>> taken = new CompletableFuture<>();
        take(taken, () -> true);
        return taken;
    }

    void take(
            CompletableFuture<Optional<WorkerProcess>> taken,
            java.util.function.BooleanSupplier waits) {
        run(() ->
                pool.take(
                        new WorkerPool.Taker() {
                            @Override
                            public boolean waits() {
                                return waits.getAsBoolean();
                            }

                            @Override
                            public void take(@Nullable WorkerProcess worker) {
                                taken.complete(Optional.ofNullable(worker));
                            }
                        }));
    }

    Lease lease(SessionBroker known, long bytes) {
        LeaseRequest request = new LeaseRequest(1, 0, bytes, "client", "", 1);
        return on(() -> known.request(this, request, _ -> Secret.NONE))
                        instanceof LeaseDecision.Granted(Lease lease)
                ? lease
                : failed();
    }

    private static Lease failed() {
        throw new IllegalStateException("no lease");
    }

    /// Asks for a session as a client does.
    CompletableFuture<SessionResult> open(SessionBroker known, UUID lease) {
        CompletableFuture<SessionResult> result = new CompletableFuture<>();
        Hello hello = Hello.of(Hello.KIND_SESSION, "test", lease, 1);
        Handshake handshake = Handshake.welcome(hello, Secret.NONE, UUID.randomUUID(), "test", 1);
        ClientConnectionState.Joining joining =
                new ClientConnectionState.Joining(
                        handshake, lease, new SessionRequest(loop(), SessionRequest.ASK_AGAIN));
        SessionOpen message = new SessionOpen(1, "program", 1L << 40, 1L << 35, (byte) 0);
        run(() -> known.open(joining, message, result::complete));
        return result;
    }

    /// The processes of workers that now are there.
    List<ProcessHandle> processes() {
        return ProcessHandle.current()
                .children()
                .filter(child -> child.info().commandLine().orElse("").contains(socket()))
                .filter(ProcessHandle::isAlive)
                .toList();
    }

    private String socket() {
        return folder.socket().toString();
    }

    @Override
    public void close() {
        run(pool::close);
        processes().forEach(ProcessHandle::destroyForcibly);
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        if (ledger != null) {
            ledger.close();
        }
        folder.close();
    }

    static SessionResult.Opened opened(CompletableFuture<SessionResult> result) {
        assertThat(result.join()).isInstanceOf(SessionResult.Opened.class);
        return (SessionResult.Opened) result.join();
    }
}
