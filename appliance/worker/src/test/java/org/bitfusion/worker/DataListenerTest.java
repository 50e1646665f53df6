package org.bitfusion.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.Secret;
import org.bitfusion.worker.channel.EphemeralTls;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class DataListenerTest {
    private final UUID session = UUID.randomUUID();
    private final Secret secret = Secret.random(new SecureRandom());
    private final List<SocketChannel> strangers = new ArrayList<>();
    private DataListener listener;
    private CompletableFuture<DataListener.Client> accepted;

    @BeforeEach
    void open() throws IOException {
        listener = DataListener.open(0, 0, session, secret, "test").orElseThrow();
        accepted =
                CompletableFuture.supplyAsync(() -> {
                    try {
                        return listener.accept();
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                });
    }

    @AfterEach
    void close() throws IOException {
        for (SocketChannel stranger : strangers) {
            stranger.close();
        }
        listener.close();
    }

    private SocketChannel connect() throws IOException {
        return SocketChannel.open(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), listener.port()));
    }

    private void strangersConnect(int count, Hello... said) throws IOException {
        for (int i = 0; i < count; i++) {
            SocketChannel stranger = connect();
            strangers.add(stranger);
            for (Hello hello : said) {
                stranger.write(hello.bytes());
            }
        }
    }

    private static ByteBuffer read(SocketChannel from, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining()) {
            assertThat(from.read(buffer)).isNotNegative();
        }
        return buffer.flip();
    }

    private void theOneWhoKnowsTheSecretGetsIn() throws Exception {
        try (SocketChannel client = connect()) {
            say(client);
        }
    }

    private void say(SocketChannel client) throws Exception {
        Hello hello = Hello.of(Hello.KIND_DATA, "test", session, 0);
        client.write(hello.bytes());
        Hello answer = Hello.read(read(client, Hello.BYTES));
        ByteBuffer proof = ByteBuffer.allocate(Proof.BYTES);
        new Handshake(hello, answer, secret).clientProof().write(proof);
        client.write(proof.flip());
        await().atMost(Duration.ofSeconds(2)).until(accepted::isDone);
        accepted.get().channel().close();
    }

    @Test
    void strangersWhoSayNothingKeepNobodyOut() throws Exception {
        strangersConnect(500);
        theOneWhoKnowsTheSecretGetsIn();
    }

    @Test
    void strangersWhoSayHelloAndNoMoreKeepNobodyOut() throws Exception {
        strangersConnect(200, Hello.of(Hello.KIND_DATA, "test", session, 0));
        theOneWhoKnowsTheSecretGetsIn();
    }

    /// However fast they come.
    @Test
    void strangersOfOnePlaceKeepNobodyOutFromElsewhere() throws Exception {
        try (SocketChannel client = SocketChannel.open()) {
            client.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.2"), 0));
            client.connect(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), listener.port()));
            strangersConnect(2 * DataListener.MOST_STRANGERS);
            say(client);
        }
    }

    @Test
    void strangersAreFewAndAreClosedWhenTheirTimeIsOver() throws Exception {
        strangersConnect(300);
        await().atMost(Duration.ofSeconds(2))
                .until(() -> greetings() <= 2 * DataListener.MOST_STRANGERS);
        await().atMost(Duration.ofSeconds(10)).until(() -> greetings() == 0);
        for (SocketChannel stranger : strangers) {
            assertThat(stranger.read(ByteBuffer.allocate(1))).isNegative();
        }
    }

    /// Memory beside the heap is given back late, and a session needs it.
    @Test
    void strangersTakeNoMemoryBesideTheHeapOverTls() throws Exception {
        EphemeralTls tls = EphemeralTls.create();
        InetAddress loopback = InetAddress.getLoopbackAddress();
        long before = direct();
        try (DataListener port =
                DataListener.open(loopback, 0, 0, session, secret, "test", Optional.of(tls))
                        .orElseThrow()) {
            Thread.ofPlatform().daemon().start(() -> assertThatThrownBy(port::accept));
            for (int i = 0; i < 200; i++) {
                SocketChannel stranger =
                        SocketChannel.open(new InetSocketAddress(loopback, port.port()));
                strangers.add(stranger);
                stranger.write(ByteBuffer.wrap(new byte[] {0x16, 3, 3}));
            }
            await().atMost(Duration.ofSeconds(10)).until(() -> greetings() > 0);
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> greetings() <= DataListener.MOST_STRANGERS);
            assertThat(direct() - before).isLessThan(8L << 20);
        }
    }

    private static long direct() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getTotalCapacity)
                .sum();
    }

    private static long greetings() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("greeting"))
                .count();
    }

    @Test
    void whoWaitsForAClientHearsThatNoneComes() throws IOException {
        DataListener closing =
                DataListener.open(0, 0, UUID.randomUUID(), Secret.NONE, "test").orElseThrow();
        CompletableFuture<IOException> told = new CompletableFuture<>();
        Thread.ofPlatform()
                .daemon()
                .start(() -> {
                    try {
                        var _ = closing.accept();
                    } catch (IOException e) {
                        told.complete(e);
                    }
                });
        closing.close();
        assertThat(told.orTimeout(10, TimeUnit.SECONDS).join()).hasMessageContaining("closed");
    }
}
