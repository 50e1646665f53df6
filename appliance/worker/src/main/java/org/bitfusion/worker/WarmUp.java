package org.bitfusion.worker;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.bitfusion.gpu.AllocationBudget;
import org.bitfusion.gpu.DriverOptions;
import org.bitfusion.gpu.GpuDriver;
import org.bitfusion.gpu.GpuDriverProvider;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.ledger.HostLedger;
import org.bitfusion.ledger.HostPlace;
import org.bitfusion.ledger.ShareLedger;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.control.WorkerOrder;
import org.bitfusion.protocol.message.ContextCreate;
import org.bitfusion.protocol.message.ContextSynchronize;
import org.bitfusion.protocol.message.EventCreate;
import org.bitfusion.protocol.message.EventRecord;
import org.bitfusion.protocol.message.Launch;
import org.bitfusion.protocol.message.MemAlloc;
import org.bitfusion.protocol.message.MemRead;
import org.bitfusion.protocol.message.MemSet;
import org.bitfusion.protocol.message.MemWrite;
import org.bitfusion.protocol.message.ModuleFunction;
import org.bitfusion.protocol.message.ModuleLoad;
import org.bitfusion.protocol.message.Region;
import org.bitfusion.protocol.message.StreamCreate;
import org.bitfusion.protocol.message.StreamQuery;
import org.bitfusion.worker.channel.DataChannel;
import org.bitfusion.worker.channel.EphemeralTls;
import org.bitfusion.worker.channel.PlainChannel;
import org.bitfusion.worker.wire.FrameLoop;
import org.bitfusion.worker.wire.FrameWriter;
import org.bitfusion.worker.wire.Link;
import org.bitfusion.worker.wire.SessionLink;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A short session with itself, before a client waits: what it needs is loaded and opened once, so
/// that a client's first calls do not pay for it. Its memory is private and gone at the end.
final class WarmUp implements ReadableByteChannel, GatheringByteChannel {
    private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);
    private static final long WINDOW_BASE = 1L << 40;
    private static final long WINDOW_PER_DEVICE = 32L << 30;
    private static final int BYTES = 4096;
    private static final int SMALL_CALLS = 2000;
    private static final int TLS_BYTES = 2 << 20;

    private static final long CONTEXT = 0x0001_0000_0000_0001L;
    private static final long STREAM = 0x0002_0000_0000_0002L;
    private static final long EVENT = 0x0003_0000_0000_0003L;
    private static final long MODULE = 0x0004_0000_0000_0004L;
    private static final long FUNCTION = 0x0005_0000_0000_0005L;

    /// What the client says, one step after the other's answer.
    private final Deque<Consumer<ByteBuffer>> steps = new ArrayDeque<>();

    private final ByteBuffer heard = ByteBuffer.allocate(64 * 1024).order(ByteOrder.LITTLE_ENDIAN);
    private final byte[] image;
    private long address;

    private WarmUp(byte[] image) {
        this.image = image;
    }

    /// Whatever goes wrong here goes wrong again, and is told, when a client comes.
    static void run(
            GpuDriverProvider provider,
            Map<String, String> environment,
            int devices,
            Optional<EphemeralTls> tls) {
        try (InputStream ptx = WarmUp.class.getResourceAsStream("warm-up.ptx")) {
            byte[] image = ptx == null ? new byte[0] : ptx.readAllBytes();
            DriverOptions options =
                    new DriverOptions(
                            WINDOW_BASE,
                            WINDOW_PER_DEVICE * devices,
                            AllocationBudget.UNLIMITED,
                            environment);
            if (provider.open(options) instanceof Outcome.Success<GpuDriver>(GpuDriver driver)) {
                try (driver) {
                    new WarmUp(image).converse(driver);
                }
            }
            connect(tls);
            reserve();
        } catch (IOException | RuntimeException e) {
            LOG.warn("not warmed up, error=\"{}\"", e.toString());
        }
    }

    /// The way from the dispatcher's order to a client that is let in.
    private static void connect(Optional<EphemeralTls> tls) throws IOException {
        UUID session = UUID.randomUUID();
        Secret secret = Secret.random(new SecureRandom());
        String line =
                new WorkerOrder.Open(
                                "none",
                                session,
                                false,
                                secret,
                                0,
                                0,
                                0,
                                0,
                                0,
                                "",
                                "",
                                "",
                                WorkerOrder.Open.SAME_USER,
                                List.of(new WorkerOrder.Share(0, 0)))
                        .line();
        Hello hello = Hello.of(Hello.KIND_DATA, "", session, 0);
        if (WorkerOrder.parse(line) instanceof WorkerOrder.Open open) {
            InetAddress loopback = InetAddress.getLoopbackAddress();
            try (DataListener listener =
                            DataListener.open(
                                            List.of(loopback),
                                            0,
                                            0,
                                            open.session(),
                                            open.secret(),
                                            "",
                                            tls)
                                    .orElseThrow();
                    SocketChannel client =
                            SocketChannel.open(new InetSocketAddress(loopback, listener.port()))) {
                Thread there =
                        Thread.ofPlatform()
                                .daemon()
                                .start(() -> beClient(listener, client, tls, hello, secret));
                DataChannel accepted = listener.accept().channel();
                if (tls.isPresent()) {
                    move(accepted::read);
                    move(accepted::write);
                }
                there.join(Duration.ofSeconds(5));
                accepted.close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// A step of a transfer: some of a buffer.
    private interface Step {
        int of(ByteBuffer buffer) throws IOException;
    }

    /// So much that encrypting and decrypting is compiled.
    private static void move(Step step) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(64 * 1024);
        for (int left = TLS_BYTES; left > 0; ) {
            buffer.clear().limit(Math.min(left, buffer.capacity()));
            int count = step.of(buffer);
            if (count < 0) {
                throw new EOFException();
            }
            left -= count;
        }
    }

    /// @param listener closed where it does not let this client in: nobody else would come
    private static void beClient(
            DataListener listener,
            SocketChannel socket,
            Optional<EphemeralTls> tls,
            Hello hello,
            Secret secret) {
        try {
            DataChannel client =
                    tls.isPresent() ? tls.get().connect(socket) : new PlainChannel(socket);
            client.write(hello.bytes());
            prove(client, hello, secret);
            if (tls.isPresent()) {
                move(client::write);
                move(client::read);
            }
        } catch (IOException e) {
            LOG.warn("not warmed up, error=\"{}\"", e.toString());
            SessionLink.closeQuietly(listener);
        }
    }

    /// The way from the order to memory that is reserved.
    private static void reserve() throws IOException {
        Path folder = Files.createTempDirectory("warm-up");
        Path file = folder.resolve("open.ledger");
        Path place = folder.resolve(HostPlace.FILE);
        Path gpus = folder.resolve("gpus");
        ShareLedger.create(file, 2 * BYTES);
        HostPlace host =
                new HostPlace(
                        gpus,
                        UUID.randomUUID(),
                        Map.of(0, new HostLedger.Gpu(UUID.randomUUID(), 2 * BYTES)));
        Files.writeString(place, host.text());
        LeaseBudget budget =
                LeaseBudget.open(file, false, List.of(new WorkerOrder.Share(0, 2 * BYTES)));
        if (budget.reserve(0, BYTES) && budget.available(0) >= 0) {
            budget.release(0, BYTES);
        }
        budget.mayEnd(true);
        budget.close();
        for (Path made : List.of(file, place, gpus, folder)) {
            Files.delete(made);
        }
    }

    private static void prove(DataChannel client, Hello hello, Secret secret) throws IOException {
        ByteBuffer answer = ByteBuffer.allocate(Hello.BYTES);
        ByteBuffer proof = ByteBuffer.allocate(Proof.BYTES);
        while (answer.hasRemaining()) {
            if (client.read(answer) < 0) {
                throw new EOFException();
            }
        }
        new Handshake(hello, Hello.read(answer.flip()), secret, client.binding())
                .clientProof()
                .write(proof);
        client.write(proof.flip());
    }

    private void converse(GpuDriver driver) throws IOException {
        FrameWriter writer = new FrameWriter(this);
        FrameLoop frames = new FrameLoop(this);
        SessionState state = new SessionState(driver, driver.devices(), frames, writer, Link.NONE);
        WorkerOrder.Open order =
                new WorkerOrder.Open(
                        "none",
                        Hello.NO_LEASE,
                        false,
                        Secret.NONE,
                        0,
                        0,
                        WINDOW_BASE,
                        WINDOW_PER_DEVICE,
                        0,
                        "",
                        "",
                        "",
                        WorkerOrder.Open.SAME_USER,
                        List.of());
        SnapshotMessage.of(driver, List.of(), order);
        prepare();
        frames.runAlone(
                ClientSession.handler(
                        state,
                        new ImageStore(java.nio.file.Path.of(""), Secret.NONE),
                        new PeerCalls(
                                state,
                                Secret.NONE,
                                "",
                                new PeerNetworks(Map.of(), 0, 0),
                                Optional.empty())),
                state);
    }

    private void prepare() {
        Region region = new Region(BYTES, 1, 1, BYTES, BYTES);
        say(out -> new ContextCreate(CONTEXT, 0, 0, (byte) 1).writeFrame(out));
        say(out -> new MemAlloc(CONTEXT, BYTES, 0).writeFrame(out, 1));
        say(out -> {
            new MemWrite(CONTEXT, address, region, 0).writeFrame(out, BYTES);
            out.put(new byte[BYTES]);
        });
        for (int i = 0; i < SMALL_CALLS; i++) {
            say(out -> new MemSet(CONTEXT, address, 0, (byte) 4, 16, 4, 1).writeFrame(out));
        }
        say(out -> new StreamCreate(STREAM, CONTEXT, 1, 0).writeFrame(out));
        say(out -> new EventCreate(EVENT, CONTEXT, 0).writeFrame(out));
        say(out -> {
            new ModuleLoad(MODULE, CONTEXT, (byte) 1, image.length, 0)
                    .writeFrame(out, image.length);
            out.put(image);
        });
        say(out -> new ModuleFunction(FUNCTION, MODULE, "warm_up").writeFrame(out));
        say(out -> launch().writeFrame(out));
        say(out -> new EventRecord(EVENT, STREAM, 0, 1).writeFrame(out));
        say(out -> new StreamQuery(STREAM, 2).writeFrame(out, 2));
        say(out -> new MemRead(STREAM, address, region, 1).writeFrame(out, 3));
        say(out -> new ContextSynchronize(CONTEXT).writeFrame(out, 4));
    }

    private Launch launch() {
        ByteBuffer parameters = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
        parameters.putLong(address).putInt(BYTES / 4).flip();
        return new Launch(FUNCTION, STREAM, 4, 1, 1, 256, 1, 1, 0, 0, 1, 1, 1, parameters);
    }

    private void say(Consumer<ByteBuffer> step) {
        steps.add(step);
    }

    @Override
    public int read(ByteBuffer destination) {
        Consumer<ByteBuffer> step = steps.poll();
        if (step == null) {
            return -1;
        }
        ByteBuffer frame = ByteBuffer.allocate(3 * BYTES);
        step.accept(frame);
        int count = frame.flip().remaining();
        destination.put(frame);
        return count;
    }

    /// Of all that is answered only the address matters.
    @Override
    public synchronized long write(ByteBuffer[] sources, int offset, int length) {
        long count = 0;
        heard.clear();
        for (int i = offset; i < offset + length; i++) {
            count += sources[i].remaining();
            if (sources[i].remaining() <= heard.remaining()) {
                heard.put(sources[i]);
            }
            sources[i].position(sources[i].limit());
        }
        heard.flip();
        if (heard.remaining() == FrameHeader.BYTES + Long.BYTES
                && heard.getShort(4) == MemAlloc.CALL) {
            address = heard.getLong(FrameHeader.BYTES);
        }
        return count;
    }

    @Override
    public long write(ByteBuffer[] sources) {
        return write(sources, 0, sources.length);
    }

    @Override
    public int write(ByteBuffer source) {
        return (int) write(new ByteBuffer[] {source});
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public void close() {
        steps.clear();
    }
}
