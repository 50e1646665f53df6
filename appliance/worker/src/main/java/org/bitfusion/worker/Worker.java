package org.bitfusion.worker;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.DeviceSnapshot;
import org.bitfusion.gpu.DriverOptions;
import org.bitfusion.gpu.GpuDevice;
import org.bitfusion.gpu.GpuDriver;
import org.bitfusion.gpu.GpuDriverProvider;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.protocol.AddressWindow;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.control.WorkerOrder;
import org.bitfusion.protocol.control.WorkerReport;
import org.bitfusion.protocol.cuda.DeviceAttribute;
import org.bitfusion.protocol.message.Log;
import org.bitfusion.protocol.message.SessionDevices;
import org.bitfusion.worker.channel.EphemeralTls;
import org.bitfusion.worker.nativeaccess.OsUser;
import org.bitfusion.worker.nativeaccess.TimeSlice;
import org.bitfusion.worker.wire.FrameLoop;
import org.bitfusion.worker.wire.FrameWriter;
import org.bitfusion.worker.wire.Packing;
import org.bitfusion.worker.wire.SessionLink;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The life of a worker process.
///
/// ```
/// probe devices → ready → (order to open) → driver and port open → client connected → frames → gone
///    |              |                          |                                              |
///    no GPU         dispatcher gone            no port, no driver, dispatcher gone            |
///    v              v                          v                                              v
///  [#run] answers the exit code in every case, and the process ends at once with all its memory
/// ```
public final class Worker implements ControlChannel.Listener {
    /// The exit code of a worker that did what it is for.
    public static final int DONE = 0;

    /// The exit code of a worker that has no GPU, no port, or whose GPU cannot be opened.
    public static final int CANNOT_SERVE = 3;

    /// The exit code after a client that broke the protocol.
    public static final int CLIENT_BROKE_PROTOCOL = 4;

    /// Nanoseconds: a message that arrives does not wait for a compiler's or a kernel's slice to
    /// end.
    private static final long READER_SLICE = 100_000;

    /// How long a client whose connection has ended is waited for if nobody else would say that the
    /// program has ended. Where the client's host does, it is waited for as long as the lease
    /// lives.
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    /// How long the end of a session waits for an image that is being stored: not so long that the
    /// dispatcher, told of the program's end, kills this process.
    private static final Duration TIME_TO_STORE = Duration.ofMillis(500);

    /// How long it is waited for, too, when nobody else can say it because the dispatcher is gone.
    private static final Duration PATIENCE_ALONE = Duration.ofSeconds(60);

    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

    /// How long the end of a lease waits until the program's side has been told why.
    private static final Duration TIME_TO_TELL = Duration.ofMillis(500);

    /// The level of what is said on the program's stderr, and how much of it.
    private static final byte LEVEL_USER = 0;

    private static final int MOST_TOLD = 1000;

    /// Of the environment, as the dispatcher sets it: whether data connections are TLS, and where
    /// their ports are.
    public static final String DATA_TLS = "BF_DATA_TLS";

    /// Separated by commas.
    public static final String DATA_ADDRESSES = "BF_DATA_ADDRESSES";

    /// Where this worker may bring copies to ([PeerNetworks]).
    public static final String PEER_NETWORKS = "BF_PEER_NETWORKS";

    /// While the product's AOT cache is made: warms up what TLS needs, too.
    private static final String TRAINING = "BF_TRAINING";

    private final GpuDriverProvider provider;
    private final Map<String, String> environment;
    private final Optional<EphemeralTls> tls;
    private final Path imageFolder;
    private final String build;
    private final boolean warmsUp;
    private final ControlChannel control;
    private final CompletableFuture<Integer> exitCode = new CompletableFuture<>();
    private volatile @Nullable LeaseBudget budget;
    private volatile @Nullable Serving serving;
    private volatile @Nullable Activity activity;

    private record Serving(UUID session, SessionLink link) {}

    /// @param socket where the dispatcher listens
    /// @param id what the dispatcher calls this process
    /// @param imageFolder keeps large images across sessions
    /// @param warmsUp whether the GPU is opened once ahead of need, which only costs time
    public Worker(
            GpuDriverProvider provider,
            Map<String, String> environment,
            Path socket,
            UUID id,
            Path imageFolder,
            String build,
            boolean warmsUp) {
        this.warmsUp = warmsUp;
        this.provider = provider;
        this.environment = Map.copyOf(environment);
        tls =
                environment.containsKey(DATA_TLS)
                        ? Optional.of(EphemeralTls.create())
                        : Optional.empty();
        this.imageFolder = imageFolder;
        this.build = build;
        control = new ControlChannel(socket, id);
    }

    /// Serves one session.
    ///
    /// @return the exit code; the caller ends the process without delay
    public int run() {
        try {
            control.connect();
        } catch (IOException e) {
            LOG.error("error=\"no dispatcher to serve: {}\"", e.toString());
            return CANNOT_SERVE;
        }
        switch (provider.probe(environment)) {
            case Outcome.Success<List<DeviceSnapshot>>(List<DeviceSnapshot> devices)
                    when !devices.isEmpty() -> {
                devices.forEach(device -> control.report(report(device)));
                if (warmsUp) {
                    WarmUp.run(
                            provider,
                            environment,
                            devices.size(),
                            environment.containsKey(TRAINING)
                                    ? Optional.of(EphemeralTls.create())
                                    : tls);
                }
                TimeSlice.prepare();
                control.report(new WorkerReport.Ready());
            }
            case Outcome.Success<List<DeviceSnapshot>> _ -> {
                return cannotServe("no GPU in this machine");
            }
            case Outcome.Failure<List<DeviceSnapshot>>(CudaStatus status, String detail) -> {
                return cannotServe(status.cudaName() + " " + detail);
            }
        }
        Thread.ofPlatform().daemon().name("orders").start(() -> control.listen(this));
        return exitCode.join();
    }

    private int cannotServe(String reason) {
        control.report(new WorkerReport.Failed(reason));
        return CANNOT_SERVE;
    }

    private static WorkerReport report(DeviceSnapshot device) {
        Map<Integer, Integer> attributes = device.attributes();
        return new WorkerReport.Device(
                device.index(),
                SnapshotMessage.uuid(device.uuid()),
                device.name(),
                device.totalMemory(),
                attributes.getOrDefault(DeviceAttribute.COMPUTE_CAPABILITY_MAJOR, 0),
                attributes.getOrDefault(DeviceAttribute.COMPUTE_CAPABILITY_MINOR, 0),
                SnapshotMessage.pciBusId(attributes));
    }

    @Override
    public void open(WorkerOrder.Open order) {
        Thread.ofPlatform()
                .name("session")
                .start(() -> {
                    TimeSlice.shorten(READER_SLICE);
                    try {
                        exitCode.complete(serve(order));
                    } catch (IOException | RuntimeException | Error e) {
                        LOG.error("lease={} session failed", order.lease(), e);
                        exitCode.complete(cannotServe(e.toString()));
                    }
                });
    }

    @Override
    public void end(String reason) {
        LOG.info("the lease is over{}{}", reason.isEmpty() ? "" : ": ", reason);
        LeaseBudget known = budget;
        if (known != null) {
            known.mayEnd(true);
        }
        Serving now = serving;
        if (!reason.isEmpty() && now != null) {
            tell(now.link().writer(), reason);
        }
        exitCode.complete(DONE);
    }

    /// Not for long: the client may not read.
    private static void tell(FrameWriter writer, String reason) {
        Log message =
                new Log(LEVEL_USER, reason.substring(0, Math.min(reason.length(), MOST_TOLD)));
        Thread teller =
                Thread.ofPlatform()
                        .daemon()
                        .name("reason")
                        .start(() -> writer.send(message.wireBytes(), message::writeFrame));
        try {
            teller.join(TIME_TO_TELL);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public Duration idle() {
        Activity known = activity;
        return known == null ? Duration.ZERO : known.idle();
    }

    @Override
    public @Nullable UUID dispatcherGone() {
        Serving now = serving;
        if (now == null || now.link().lostFor().compareTo(PATIENCE_ALONE) > 0) {
            exitCode.complete(DONE);
            return null;
        }
        return now.session();
    }

    private int serve(WorkerOrder.Open order) throws IOException {
        AddressWindow window = new AddressWindow(order.windowBase(), order.windowBytes());
        if (!window.isPossible()) {
            return cannotServe(window + " cannot be");
        }
        boolean isLeased = !order.lease().equals(Hello.NO_LEASE.toString());
        LeaseBudget opened = LeaseBudget.open(Path.of(order.ledger()), isLeased, order.devices());
        budget = opened;
        if (order.user() != WorkerOrder.Open.SAME_USER) {
            OsUser.become(order.user());
        }
        Outcome<GpuDriver> driver =
                provider.open(
                        new DriverOptions(window.base(), window.bytes(), opened, environment));
        if (driver instanceof Outcome.Failure<GpuDriver>(CudaStatus status, String detail)) {
            if (status == CudaStatus.MAP_FAILED) {
                LOG.warn("lease={} {}", order.lease(), detail);
                control.report(new WorkerReport.NoWindow());
                return CANNOT_SERVE;
            }
            return cannotServe(status.cudaName() + " " + detail);
        }
        Optional<DataListener> port =
                DataListener.open(
                        dataAddresses(),
                        order.portMinimum(),
                        order.portMaximum(),
                        order.session(),
                        order.secret(),
                        build,
                        tls);
        if (port.isEmpty()) {
            control.report(new WorkerReport.NoPort());
            return CANNOT_SERVE;
        }
        try (DataListener listener = port.get()) {
            control.report(new WorkerReport.Listening(listener.port()));
            DataListener.Client client = listener.accept();
            SessionLink link =
                    new SessionLink(
                            client.channel(),
                            order.hostWord() ? null : PATIENCE,
                            is -> opened.mayEnd(!is));
            listener.resumeWith(link);
            if (client.version() >= Packing.SINCE_VERSION) {
                link.writer().pack(new Packing(Packing.Mode.of(environment.get("BF_COMPRESSION"))));
            }
            LOG.info(
                    "lease={} client={} program=\"{}\" protocol={} session begins",
                    order.lease(),
                    order.process(),
                    order.program(),
                    client.version());
            serving = new Serving(order.session(), link);
            control.report(new WorkerReport.Connected(client.process()));
            return converse(order, driver.value(), link, listener);
        }
    }

    private void tellUse(Activity use) {
        if (use.look()) {
            control.report(new WorkerReport.Used());
        }
    }

    /// Without TLS on loopback only, whatever is said.
    private List<InetAddress> dataAddresses() throws UnknownHostException {
        if (tls.isEmpty()) {
            return List.of(InetAddress.getLoopbackAddress());
        }
        List<InetAddress> addresses = new ArrayList<>();
        for (String address :
                environment.getOrDefault(DATA_ADDRESSES, "127.0.0.1").split(",", -1)) {
            addresses.add(InetAddress.getByName(address));
        }
        return addresses;
    }

    private Path imageFolder(WorkerOrder.Open order) {
        return order.images().isEmpty() ? imageFolder : Path.of(order.images());
    }

    private int converse(
            WorkerOrder.Open order, GpuDriver driver, SessionLink link, DataListener listener) {
        List<GpuDevice> devices = new ArrayList<>();
        for (WorkerOrder.Share share : order.devices()) {
            devices.add(driver.devices().get(share.index()));
        }
        FrameWriter writer = link.writer();
        FrameLoop frames = new FrameLoop(link);
        SessionState state = new SessionState(driver, devices, frames, writer, link);
        PeerCalls peers =
                new PeerCalls(
                        state,
                        order.secret(),
                        build,
                        new PeerNetworks(environment, order.portMinimum(), order.portMaximum()),
                        tls);
        listener.take(peers);
        SessionDevices snapshot = SnapshotMessage.of(driver, devices, order);
        writer.send(snapshot.wireBytes(), snapshot::writeFrame);
        ImageStore images = new ImageStore(imageFolder(order), order.secret());
        Activity use =
                new Activity(
                        state.credit::arrived,
                        () -> frames.isExecuting() || driver.isWorking(),
                        System::nanoTime);
        activity = use;
        try {
            frames.run(
                    ClientSession.handler(state, images, peers),
                    state,
                    () -> TimeSlice.shorten(READER_SLICE),
                    Activity.PERIOD,
                    () -> tellUse(use));
            images.finish(TIME_TO_STORE);
            LOG.info("lease={} client={} session ends", order.lease(), order.process());
            return DONE;
        } catch (org.bitfusion.protocol.ProtocolException e) {
            LOG.error(
                    "lease={} client={} error=\"{}\", connection closed",
                    order.lease(),
                    order.process(),
                    e.getMessage());
            return CLIENT_BROKE_PROTOCOL;
        } catch (EOFException e) {
            LOG.info("lease={} client={} gone within a frame", order.lease(), order.process());
            return DONE;
        } catch (IOException e) {
            LOG.info("lease={} client={} gone: {}", order.lease(), order.process(), e.toString());
            return DONE;
        }
    }
}
