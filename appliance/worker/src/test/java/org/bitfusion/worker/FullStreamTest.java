package org.bitfusion.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuContext;
import org.bitfusion.gpu.GpuDevice;
import org.bitfusion.gpu.GpuDriver;
import org.bitfusion.gpu.GpuFunction;
import org.bitfusion.gpu.GpuMemory;
import org.bitfusion.gpu.GpuModule;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.message.ClientMessageHandler;
import org.bitfusion.protocol.message.ContextCreate;
import org.bitfusion.protocol.message.HostFunctionRun;
import org.bitfusion.protocol.message.Launch;
import org.bitfusion.protocol.message.LinkAcked;
import org.bitfusion.protocol.message.LinkHeartbeat;
import org.bitfusion.protocol.message.MemFree;
import org.bitfusion.protocol.message.ModuleFunction;
import org.bitfusion.protocol.message.ModuleLoad;
import org.bitfusion.protocol.message.Ping;
import org.bitfusion.protocol.message.PingAnswer;
import org.bitfusion.protocol.message.StreamHold;
import org.bitfusion.protocol.message.StreamHostFunction;
import org.bitfusion.protocol.message.StreamHostFunctionDone;
import org.bitfusion.protocol.message.StreamRelease;
import org.bitfusion.worker.channel.PlainChannel;
import org.bitfusion.worker.wire.FrameLoop;
import org.bitfusion.worker.wire.SessionLink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A session on a driver that, as the real one, lets a call wait: a launch on a stream that is full
/// (1,024 launches) returns when the stream goes on, and so does freeing memory.
@Timeout(30)
class FullStreamTest {
    private static final long CONTEXT = 0x0001_0000_0000_0001L;
    private static final long MODULE = 0x0004_0000_0000_0002L;
    private static final long FUNCTION = 0x0005_0000_0000_0003L;
    private static final byte PTX = 1;
    private static final int LAUNCHES = 3;

    private final CountDownLatch streamGoesOn = new CountDownLatch(1);
    private final CountDownLatch launches = new CountDownLatch(LAUNCHES);
    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private SocketChannel client;
    private SocketChannel worker;

    /// What the driver's objects do where it matters; anything else succeeds and does nothing.
    private interface Deed {
        Object of(Object[] arguments) throws InterruptedException;
    }

    private static <T> T object(Class<T> type, Map<String, Deed> deeds) {
        return type.cast(
                Proxy.newProxyInstance(
                        type.getClassLoader(),
                        new Class<?>[] {type},
                        (proxy, method, arguments) ->
                                deeds.getOrDefault(method.getName(), _ -> usual(proxy, method))
                                        .of(arguments)));
    }

    private static Object usual(Object proxy, Method method) {
        return switch (method.getReturnType().getSimpleName()) {
            case "CudaStatus" -> CudaStatus.SUCCESS;
            case "byte[]" -> new byte[0];
            case "int" -> System.identityHashCode(proxy);
            default -> false;
        };
    }

    private GpuDriver driver() {
        GpuStream stream =
                object(
                        GpuStream.class,
                        Map.of(
                                "hostFunction",
                                arguments -> hostFunction(arguments[0]),
                                "launch",
                                _ -> {
                                    streamGoesOn.await();
                                    launches.countDown();
                                    return CudaStatus.SUCCESS;
                                }));
        GpuMemory memory =
                object(
                        GpuMemory.class,
                        Map.of(
                                "free",
                                _ -> {
                                    streamGoesOn.await();
                                    return CudaStatus.SUCCESS;
                                }));
        GpuFunction function = object(GpuFunction.class, Map.of());
        GpuModule module = object(GpuModule.class, Map.of("function", _ -> Outcome.of(function)));
        GpuContext context =
                object(
                        GpuContext.class,
                        Map.of(
                                "defaultStream",
                                _ -> stream,
                                "memory",
                                _ -> memory,
                                "loadModule",
                                _ -> Outcome.of(module)));
        GpuDevice device = object(GpuDevice.class, Map.of("index", _ -> 0));
        return object(
                GpuDriver.class,
                Map.of("devices", _ -> List.of(device), "createContext", _ -> Outcome.of(context)));
    }

    @SuppressWarnings("unchecked")
    private CudaStatus hostFunction(Object function) {
        Thread.ofPlatform()
                .daemon()
                .start(() -> ((Consumer<Runnable>) function).accept(streamGoesOn::countDown));
        return CudaStatus.SUCCESS;
    }

    @BeforeEach
    void connect() throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            client = SocketChannel.open(listener.getLocalAddress());
            worker = listener.accept();
        }
        SessionLink link = new SessionLink(new PlainChannel(worker), null);
        FrameLoop frames = new FrameLoop(link);
        GpuDriver driver = driver();
        SessionState state =
                new SessionState(driver, driver.devices(), frames, link.writer(), link);
        ClientMessageHandler session =
                ClientSession.handler(
                        state,
                        new ImageStore(Path.of("none"), Secret.NONE),
                        new PeerCalls(
                                state,
                                Secret.NONE,
                                "",
                                new PeerNetworks(Map.of(), 0, 0),
                                Optional.empty()));
        Thread.ofPlatform()
                .daemon()
                .start(() -> {
                    try {
                        frames.run(session, state, () -> {});
                        end.complete(null);
                    } catch (IOException | RuntimeException e) {
                        end.completeExceptionally(e);
                    }
                });
        say(out -> new ContextCreate(CONTEXT, 0, 0, (byte) 1).writeFrame(out));
    }

    @AfterEach
    void disconnect() throws IOException {
        streamGoesOn.countDown();
        client.close();
        worker.close();
    }

    private void say(Consumer<ByteBuffer> frame) throws IOException {
        ByteBuffer out = ByteBuffer.allocate(1000);
        frame.accept(out);
        out.flip();
        while (out.hasRemaining()) {
            client.write(out);
        }
    }

    /// The next frame of that kind.
    private ByteBuffer hear(int call) throws IOException {
        while (true) {
            ByteBuffer head = read(FrameHeader.BYTES);
            ByteBuffer body = read(head.getInt(0));
            if (head.getShort(4) == (short) call) {
                return body;
            }
        }
    }

    private ByteBuffer read(int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            assertThat(client.read(buffer)).isNotNegative();
        }
        return buffer.flip();
    }

    private void fillTheStream() throws IOException {
        say(out -> {
            new ModuleLoad(MODULE, CONTEXT, PTX, 1, 0).writeFrame(out, 1);
            out.put((byte) 0);
        });
        say(out -> new ModuleFunction(FUNCTION, MODULE, "kernel").writeFrame(out));
        for (int i = 0; i < LAUNCHES; i++) {
            say(out ->
                    new Launch(
                                    FUNCTION,
                                    CONTEXT,
                                    1,
                                    1,
                                    1,
                                    1,
                                    1,
                                    1,
                                    0,
                                    0,
                                    1,
                                    1,
                                    1,
                                    ByteBuffer.allocate(8))
                            .writeFrame(out));
        }
    }

    private void heartbeatIsAnswered() throws IOException {
        say(out -> new LinkHeartbeat().writeFrame(out));
        hear(LinkAcked.CALL);
    }

    private void everythingIsExecuted() throws Exception {
        assertThat(launches.await(10, TimeUnit.SECONDS)).isTrue();
        say(out -> new Ping(ByteBuffer.allocate(4)).writeFrame(out, 9));
        hear(PingAnswer.CALL);
    }

    @Test
    void aHostFunctionEndsThoughALaunchWaitsForItsStream() throws Exception {
        say(out -> new StreamHostFunction(CONTEXT, 5).writeFrame(out));
        HostFunctionRun run = HostFunctionRun.read(hear(HostFunctionRun.CALL));
        fillTheStream();
        heartbeatIsAnswered();
        say(out -> new StreamHostFunctionDone(run.id()).writeFrame(out));
        everythingIsExecuted();
    }

    @Test
    void aStreamIsReleasedThoughALaunchWaitsForIt() throws Exception {
        say(out -> new StreamHold(CONTEXT, 6).writeFrame(out));
        fillTheStream();
        heartbeatIsAnswered();
        say(out -> new StreamRelease(6, 0).writeFrame(out));
        everythingIsExecuted();
    }

    @Test
    void aHostFunctionEndsThoughFreeingMemoryWaitsForIt() throws Exception {
        say(out -> new StreamHostFunction(CONTEXT, 5).writeFrame(out));
        HostFunctionRun run = HostFunctionRun.read(hear(HostFunctionRun.CALL));
        say(out -> new MemFree(CONTEXT, 1 << 20).writeFrame(out));
        fillTheStream();
        heartbeatIsAnswered();
        say(out -> new StreamHostFunctionDone(run.id()).writeFrame(out));
        everythingIsExecuted();
    }

    @Test
    void theEndOfTheClientIsSeenThoughALaunchWaits() throws Exception {
        say(out -> new StreamHold(CONTEXT, 6).writeFrame(out));
        fillTheStream();
        say(out -> new org.bitfusion.protocol.message.LinkLeaving().writeFrame(out));
        heartbeatIsAnswered();
        client.close();
        end.get(10, TimeUnit.SECONDS);
    }
}
