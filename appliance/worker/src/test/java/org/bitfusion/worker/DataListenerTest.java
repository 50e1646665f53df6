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

    /// A client of a later release tries it, and goes on without.
    @Test
    void aKindOfConnectionThatIsNotKnownIsRefusedAndKeepsNobodyOut() throws Exception {
        try (SocketChannel later = connect()) {
            Hello hello = Hello.of(Hello.KIND_PROBE + 1, "later", session, 0);
            later.write(hello.bytes());
            Hello answer = Hello.read(read(later, Hello.BYTES));
            assertThat(answer.answeredStatus()).isEqualTo(Hello.Status.NOT_ALLOWED);
            assertThat(answer.answers(hello.kind())).isTrue();
            assertThat(later.read(ByteBuffer.allocate(1))).isNegative();
        }
        theOneWhoKnowsTheSecretGetsIn();
    }

    /// Memory beside the heap is given back late, and a session needs it.
    @Test
    void strangersTakeNoMemoryBesideTheHeapOverTls() throws Exception {
        EphemeralTls tls = EphemeralTls.create();
        InetAddress loopback = InetAddress.getLoopbackAddress();
        long before = direct();
        try (DataListener port =
                DataListener.open(
                                List.of(loopback), 0, 0, session, secret, "test", Optional.of(tls))
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
    void aProbeComesBackAndIsFollowedByAnotherHello() throws Exception {
        byte[] probe = new byte[20_000];
        new java.util.Random(1).nextBytes(probe);
        try (SocketChannel client = connect()) {
            Hello hello = Hello.probing("test", session, 0, probe.length);
            client.write(hello.bytes());
            Hello answer = Hello.read(read(client, Hello.BYTES));
            assertThat(answer.answers(Hello.KIND_PROBE)).isTrue();
            assertThat(new Handshake(hello, answer, secret).serverIsProved()).isTrue();
            ByteBuffer bytes = ByteBuffer.wrap(probe);
            while (bytes.hasRemaining()) {
                client.write(bytes);
            }
            assertThat(read(client, probe.length).array()).isEqualTo(probe);
            say(client);
        }
    }

    @Test
    void probesOfAnotherSessionOrThatAreTooLargeAreRefused() throws Exception {
        for (Hello hello :
                List.of(
                        Hello.probing("test", UUID.randomUUID(), 0, 100),
                        Hello.probing("test", session, 0, Hello.MOST_PROBE_BYTES + 1),
                        Hello.probing("test", session, 0, -1))) {
            try (SocketChannel stranger = connect()) {
                stranger.write(hello.bytes());
                Hello answer = Hello.read(read(stranger, Hello.BYTES));
                assertThat(answer.answeredStatus()).isEqualTo(Hello.Status.NOT_ALLOWED);
                assertThat(stranger.read(ByteBuffer.allocate(1))).isNegative();
            }
        }
        theOneWhoKnowsTheSecretGetsIn();
    }

    @Test
    void whoIsToListenAtSeveralAddressesHasOnePort() throws Exception {
        List<InetAddress> addresses =
                List.of(
                        InetAddress.ofLiteral("127.0.0.3"),
                        InetAddress.ofLiteral("192.0.2.1"), // no machine has that
                        InetAddress.ofLiteral("127.0.0.4"));
        try (DataListener port =
                DataListener.open(addresses, 0, 0, session, secret, "test", Optional.empty())
                        .orElseThrow()) {
            Thread.ofPlatform().daemon().start(() -> assertThatThrownBy(port::accept));
            for (int own : List.of(0, 2)) {
                try (SocketChannel client =
                        SocketChannel.open(
                                new InetSocketAddress(addresses.get(own), port.port()))) {
                    client.write(Hello.probing("test", session, 0, 0).bytes());
                    assertThat(Hello.read(read(client, Hello.BYTES)).answers(Hello.KIND_PROBE))
                            .isTrue();
                }
            }
            assertThatThrownBy(() ->
                            SocketChannel.open(
                                    new InetSocketAddress(
                                            InetAddress.ofLiteral("127.0.0.5"), port.port())))
                    .isInstanceOf(java.net.ConnectException.class);
        }
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
