package org.bitfusion.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import javax.net.ssl.SSLSocket;
import org.bitfusion.dispatcher.Dispatcher;
import org.bitfusion.dispatcher.DispatcherSettings;
import org.bitfusion.dispatcher.LedgerView;
import org.bitfusion.dispatcher.PoolPart;
import org.bitfusion.dispatcher.TakeOutcome;
import org.bitfusion.protocol.ChannelBinding;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.cuda.CudaResult;
import org.bitfusion.protocol.message.LeaseRenew;
import org.bitfusion.protocol.message.LeaseRenewAnswer;
import org.bitfusion.protocol.message.LeaseRequest;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.context.ClientCertificate;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.revocation.RevocationSnapshot;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What the pool granted, at one dispatcher that speaks TLS, as clients with certificates see it.
class PartsOfADispatcherIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final long MIB = 1 << 20;
    private static final UUID CLIENT = UUID.randomUUID();

    private final org.bitfusion.tls.TestPool pool = new org.bitfusion.tls.TestPool();
    private final Queue<UUID> givenBack = new ConcurrentLinkedQueue<>();
    private final DispatcherSettings settings;
    private Dispatcher dispatcher;

    PartsOfADispatcherIT() throws IOException {
        Identity appliance = pool.appliance();
        settings =
                TestNode.settings(
                        Optional.of(
                                TlsContext.server(
                                        () -> appliance,
                                        PoolTrust.ofAppliance(
                                                List.of(pool.authority.root()),
                                                () -> RevocationSnapshot.EMPTY,
                                                InstantSource.system()),
                                        ClientCertificate.REQUIRED,
                                        Set.of(PeerRole.CLIENT))));
        dispatcher = Dispatcher.start(settings);
    }

    @BeforeEach
    void listen() {
        dispatcher.leaseOnlyForPool();
        dispatcher.onGivenBack(givenBack::add);
    }

    @AfterEach
    void stop() {
        dispatcher.close();
    }

    private PoolPart part(Duration renewal) {
        UUID gpu = dispatcher.ledger().join().gpus().getFirst().uuid();
        return new PoolPart(
                UUID.randomUUID(),
                Secret.random(new SecureRandom()),
                CLIENT,
                "ada",
                new PoolPart.Life(renewal, false),
                null,
                List.of(new PoolPart.GpuShare(gpu, 100 * MIB)));
    }

    private PoolPart taken(Duration renewal) {
        PoolPart part = part(renewal);
        assertThat(dispatcher.take(part).join()).isEqualTo(new TakeOutcome.Taken());
        return part;
    }

    /// A connection of one who has a certificate of the pool.
    private final class TestClient implements AutoCloseable {
        private final SSLSocket socket;
        Hello.Status status = Hello.Status.WELCOME;

        TestClient(UUID client, UUID lease, Secret secret) throws IOException {
            Identity identity = pool.client(client, "client-1", Instant.now());
            TlsContext tls =
                    TlsContext.client(
                            Optional.of(() -> identity),
                            PoolTrust.ofClient(
                                    List.of(pool.authority.root()), InstantSource.system()));
            socket =
                    (SSLSocket)
                            tls.context()
                                    .getSocketFactory()
                                    .createSocket(
                                            InetAddress.getLoopbackAddress().getHostAddress(),
                                            dispatcher.port());
            socket.setSSLParameters(tls.parameters());
            socket.setSoTimeout((int) SOON.toMillis());
            socket.startHandshake();
            Hello hello = Hello.of(Hello.KIND_LEASE, "test", lease, 1);
            socket.getOutputStream().write(hello.bytes().array());
            Hello answer = Hello.read(read(Hello.BYTES));
            status = answer.answeredStatus();
            if (status != Hello.Status.WELCOME) {
                return;
            }
            Secret proved =
                    lease.equals(Hello.NO_LEASE)
                            ? ChannelBinding.accessSecret(socket.getSession())
                            : secret;
            Handshake handshake =
                    new Handshake(hello, answer, proved, ChannelBinding.of(socket.getSession()));
            assertThat(handshake.serverIsProved()).isTrue();
            ByteBuffer bytes = ByteBuffer.allocate(Proof.BYTES);
            handshake.clientProof().write(bytes);
            socket.getOutputStream().write(bytes.array());
        }

        private ByteBuffer read(int count) throws IOException {
            byte[] bytes = socket.getInputStream().readNBytes(count);
            if (bytes.length < count) {
                throw new EOFException();
            }
            return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }

        private void send(int bodyBytes, Consumer<ByteBuffer> frame) throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate(FrameHeader.BYTES + bodyBytes);
            frame.accept(bytes);
            socket.getOutputStream().write(bytes.array(), 0, bytes.position());
        }

        /// @return for how long
        Duration renew(UUID lease) throws IOException {
            LeaseRenew message = new LeaseRenew(lease);
            send(message.wireBytes(), out -> message.writeFrame(out, 1));
            FrameHeader header = FrameHeader.read(read(FrameHeader.BYTES));
            assertThat(header.status()).isZero();
            return Duration.ofMillis(
                    LeaseRenewAnswer.read(read(header.length())).renewWithinMilliseconds());
        }

        /// @return the status
        int request() throws IOException {
            LeaseRequest message = new LeaseRequest(1, 0, 10 * MIB, "test", "command", 1);
            send(message.wireBytes(), out -> message.writeFrame(out, 1));
            return FrameHeader.read(read(FrameHeader.BYTES)).status();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    void aPartIsOfUseToTheCertificatesClientOnly() throws IOException {
        PoolPart part = taken(Duration.ofSeconds(60));
        try (TestClient other = new TestClient(UUID.randomUUID(), part.lease(), part.secret())) {
            assertThat(other.status).isEqualTo(Hello.Status.UNKNOWN_LEASE);
        }
        try (TestClient own = new TestClient(CLIENT, part.lease(), part.secret())) {
            assertThat(own.status).isEqualTo(Hello.Status.WELCOME);
            assertThat(own.renew(part.lease())).isEqualTo(Duration.ofSeconds(60));
        }
    }

    @Test
    void nobodyLeasesOfADispatcherThatIsThePools() throws IOException {
        try (TestClient client = new TestClient(CLIENT, Hello.NO_LEASE, Secret.NONE)) {
            assertThat(client.request()).isEqualTo(CudaResult.ERROR_NOT_PERMITTED);
        }
    }

    @Test
    void aPartThatNobodyRenewsIsGivenBack() {
        PoolPart part = taken(Duration.ofSeconds(1));
        await().atMost(SOON).until(() -> givenBack.contains(part.lease()));
        LedgerView ledger = dispatcher.ledger().join();
        assertThat(ledger.parts()).isEmpty();
        assertThat(ledger.gpus()).allMatch(gpu -> gpu.poolBytes() == 0 && gpu.otherBytes() == 0);
    }

    @Test
    void theNextDispatcherGoesOnWithPartsAndTheirSecrets() throws IOException {
        PoolPart part = taken(Duration.ofSeconds(60));
        dispatcher.close();
        assertThat(dispatcher.ledger()).failsWithin(SOON);
        dispatcher = Dispatcher.start(settings);
        listen();
        assertThat(dispatcher.ledger().join().parts())
                .singleElement()
                .satisfies(taken -> {
                    assertThat(taken.part()).isEqualTo(part);
                    assertThat(taken.isEnding()).isFalse();
                    assertThat(taken.idle()).isPositive();
                });
        try (TestClient own = new TestClient(CLIENT, part.lease(), part.secret())) {
            assertThat(own.renew(part.lease())).isEqualTo(Duration.ofSeconds(60));
        }
        assertThat(dispatcher.end(part.lease(), "").join()).isTrue();
        assertThat(dispatcher.end(part.lease(), "").join()).isFalse();
        assertThat(givenBack).containsExactly(part.lease());
        assertThat(dispatcher.ledger().join().parts()).isEmpty();
    }

    @Test
    void whatThePoolHasIsToldApart() {
        PoolPart part = taken(Duration.ofSeconds(60));
        assertThat(dispatcher.ledger().join().gpus().getFirst())
                .satisfies(gpu -> {
                    assertThat(gpu.servedBytes()).isEqualTo(TestNode.MEMORY_MIB * MIB);
                    assertThat(gpu.poolBytes()).isEqualTo(100 * MIB);
                    assertThat(gpu.otherBytes()).isZero();
                });
        assertThat(dispatcher.end(part.lease(), "").join()).isTrue();
    }
}
