package org.bitfusion.worker.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Secret;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TlsChannelTest {
    private static final int BULK = 9 * 1024 * 1024 + 77;
    private static final Secret SECRET = Secret.parse("0123456789abcdef0123456789abcdef");
    private static final EphemeralTls TLS = EphemeralTls.create();

    private ServerSocketChannel listener;

    @BeforeEach
    void listen() throws IOException {
        listener = ServerSocketChannel.open();
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    @AfterEach
    void stop() throws IOException {
        listener.close();
    }

    private record Pair(TlsChannel client, TlsChannel server) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            client.close();
            server.close();
        }
    }

    private Pair connect() throws Exception {
        SocketChannel client = SocketChannel.open(listener.getLocalAddress());
        SocketChannel server = listener.accept();
        CompletableFuture<TlsChannel> accepted = new CompletableFuture<>();
        CompletableFuture<Void> accepting = background(() -> accepted.complete(TLS.accept(server)));
        TlsChannel connected = EphemeralTls.create().connect(client);
        accepting.join();
        return new Pair(connected, accepted.join());
    }

    private interface Work {
        void run() throws Exception;
    }

    private static CompletableFuture<Void> background(Work work) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofPlatform()
                .daemon()
                .start(() -> {
                    try {
                        work.run();
                        done.complete(null);
                    } catch (Exception e) {
                        done.completeExceptionally(e);
                    }
                });
        return done;
    }

    private static byte[] random(int count, long seed) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    /// Parts of all sizes to a write, as frames and payloads are.
    private static void writeInParts(TlsChannel to, byte[] bytes) throws IOException {
        Random random = new Random(3);
        int at = 0;
        while (at < bytes.length) {
            ByteBuffer[] parts = new ByteBuffer[5];
            for (int i = 0; i < parts.length; i++) {
                int count = Math.min(bytes.length - at, random.nextInt(i % 2 == 0 ? 60 : 100_000));
                parts[i] = ByteBuffer.wrap(bytes, at, count);
                at += count;
            }
            to.write(parts, 0, parts.length);
            for (ByteBuffer part : parts) {
                assertThat(part.hasRemaining()).isFalse();
            }
        }
    }

    private static byte[] readAll(TlsChannel from, int count, int most) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(count);
        while (all.hasRemaining()) {
            all.limit(Math.min(all.capacity(), all.position() + most));
            if (from.read(all) < 0) {
                break;
            }
            all.limit(all.capacity());
        }
        return all.array();
    }

    @Test
    void bulkGoesBothWaysAtOnce() throws Exception {
        byte[] there = random(BULK, 1);
        byte[] back = random(BULK, 2);
        try (Pair pair = connect()) {
            CompletableFuture<Void> sent = background(() -> writeInParts(pair.client(), there));
            CompletableFuture<Void> answered = background(() -> writeInParts(pair.server(), back));
            CompletableFuture<byte[]> received = new CompletableFuture<>();
            CompletableFuture<Void> receiving =
                    background(() -> received.complete(readAll(pair.server(), BULK, 1 << 20)));
            assertThat(readAll(pair.client(), BULK, 300)).isEqualTo(back);
            assertThat(received.join()).isEqualTo(there);
            receiving.join();
            sent.join();
            answered.join();
        }
    }

    /// Around the size of a record a destination has room for its bytes, but not for what the
    /// engine may need.
    @ParameterizedTest
    @ValueSource(ints = {16_383, 16_384, 16_385, 16_400, 17_407, 17_408, 17_409})
    void aDestinationMayHaveAnySize(int most) throws Exception {
        byte[] there = random(BULK / 4, 1);
        try (Pair pair = connect()) {
            CompletableFuture<Void> sent =
                    background(() -> pair.client().write(ByteBuffer.wrap(there)));
            assertThat(readAll(pair.server(), there.length, most)).isEqualTo(there);
            sent.join();
        }
    }

    @Test
    void theEndOfTheOtherSideIsAnEnd() throws Exception {
        try (Pair pair = connect()) {
            ByteBuffer bytes = ByteBuffer.allocate(10);
            pair.server().write(ByteBuffer.wrap(new byte[] {7})); // behind what the protocol says
            assertThat(pair.client().read(bytes)).isOne();
            pair.client().write(ByteBuffer.wrap(new byte[] {7}));
            pair.client().close();
            assertThat(pair.server().read(bytes)).isOne();
            assertThat(pair.server().read(bytes)).isEqualTo(-1);
        }
    }

    @Test
    void whoSpeaksNoTlsIsRefused() throws Exception {
        try (SocketChannel client = SocketChannel.open(listener.getLocalAddress())) {
            client.write(ByteBuffer.wrap("BITFUSN".getBytes(StandardCharsets.US_ASCII)));
            client.shutdownOutput();
            SocketChannel server = listener.accept();
            assertThatThrownBy(() -> TLS.accept(server)).isInstanceOf(IOException.class);
            server.close();
        }
    }

    /// One in between has a TLS connection with each; what it passes on proves nothing.
    @Test
    void proofsHoldForOneConnectionOnly() throws Exception {
        Hello hello = Hello.of(Hello.KIND_DATA, "client", UUID.randomUUID(), 1);
        try (Pair client = connect();
                Pair behind = connect()) {
            Handshake server =
                    Handshake.welcome(
                            hello,
                            SECRET,
                            client.server().binding(),
                            UUID.randomUUID(),
                            "server",
                            2);
            Handshake other =
                    Handshake.welcome(
                            hello,
                            SECRET,
                            behind.server().binding(),
                            UUID.randomUUID(),
                            "server",
                            2);
            assertThat(
                            new Handshake(hello, server.answer(), SECRET, client.client().binding())
                                    .serverIsProved())
                    .isTrue();
            assertThat(
                            new Handshake(hello, other.answer(), SECRET, client.client().binding())
                                    .serverIsProved())
                    .isFalse();
        }
    }
}
