package org.bitfusion.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.cuda.CudaResult;
import org.bitfusion.protocol.message.PeerExpect;
import org.bitfusion.protocol.message.PeerForget;
import org.bitfusion.protocol.message.PeerSend;
import org.bitfusion.protocol.message.PeerSendAnswer;
import org.bitfusion.protocol.message.Region;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Clients that name addresses to look around in the appliance's network, and strangers that bring
/// copies which others are to bring.
class HostilePeersIT {
    private static final long CONTEXT = 0x0001_0000_0000_0001L;
    private static final int BYTES = 100_000;
    private static final byte NOT_REACHED = 1;
    private static final int MOST_PEERS = 16;
    private static final Duration TIME_TO_REACH = Duration.ofSeconds(1);

    private static TestAppliance appliance;

    private TestAppliance.TestOpened opened;
    private TestSession session;
    private long memory;

    @BeforeAll
    static void start() throws IOException {
        appliance = new TestAppliance();
    }

    @AfterAll
    static void stop() {
        appliance.close();
    }

    @BeforeEach
    void open() throws IOException {
        opened = appliance.openSession(Optional.empty());
        session = appliance.join(opened);
        session.createContext(CONTEXT, 0);
        memory = session.allocate(CONTEXT, BYTES);
    }

    @org.junit.jupiter.api.AfterEach
    void close() throws IOException {
        session.close();
    }

    private PeerSend send(InetSocketAddress to) {
        byte[] address = to.getAddress().getAddress();
        ByteBuffer bytes = ByteBuffer.allocate(16);
        if (address.length == 4) {
            bytes.putInt(8, 0xffff).put(12, address);
        } else {
            bytes.put(0, address);
        }
        return new PeerSend(
                CONTEXT,
                UUID.randomUUID(),
                Secret.NONE,
                new UUID(bytes.getLong(0), bytes.getLong(8)),
                to.getPort(),
                memory,
                TestSession.linear(BYTES));
    }

    /// @return how long it took to be told that nobody is reached there
    private Duration askFor(InetSocketAddress to) throws IOException {
        PeerSend message = send(to);
        long begin = System.nanoTime();
        TestConnection.Frame frame =
                session.connection().ask(message.wireBytes(), message::writeFrame);
        Duration taken = Duration.ofNanos(System.nanoTime() - begin);
        assertThat(frame.header().status()).isZero();
        assertThat(PeerSendAnswer.read(frame.body()).result()).isEqualTo(NOT_REACHED);
        return taken;
    }

    private static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private static ServerSocket listener() throws IOException {
        return new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    }

    private static boolean isConnectedTo(ServerSocket listener) throws IOException {
        listener.setSoTimeout(50);
        try {
            listener.accept().close();
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        }
    }

    @Test
    void aClientLearnsNothingOfWhoListens() throws IOException {
        int nobody;
        try (ServerSocket gone = listener()) {
            nobody = gone.getLocalPort();
        }
        try (ServerSocket silent = listener();
                ServerSocket another = listener()) {
            Thread.ofPlatform()
                    .daemon()
                    .start(() -> {
                        try (java.net.Socket client = another.accept()) {
                            client.getOutputStream()
                                    .write(
                                            "HTTP/1.1 200 OK\r\n"
                                                    .repeat(20)
                                                    .getBytes(StandardCharsets.US_ASCII));
                        } catch (IOException e) {
                            // The test is over.
                        }
                    });
            for (int port : List.of(nobody, silent.getLocalPort(), another.getLocalPort())) {
                assertThat(askFor(loopback(port)))
                        .isBetween(TIME_TO_REACH, TIME_TO_REACH.plusMillis(500));
            }
            assertThat(isConnectedTo(silent)).isTrue();
            assertThat(askFor(loopback(silent.getLocalPort())))
                    .as("the second time")
                    .isLessThan(TIME_TO_REACH);
            assertThat(isConnectedTo(silent)).isFalse();
        }
    }

    @Test
    void addressesOutsideOfTheNamedNetworksAreNotTried() throws IOException {
        for (String address :
                List.of(
                        "192.0.2.1",
                        "10.0.0.1",
                        "169.254.169.254",
                        "224.0.0.1",
                        "0.0.0.0",
                        "::2")) {
            assertThat(askFor(new InetSocketAddress(InetAddress.ofLiteral(address), 45201)))
                    .as(address)
                    .isLessThan(TIME_TO_REACH);
        }
        assertThat(askFor(loopback(22))).as("no data port").isLessThan(TIME_TO_REACH);
    }

    @Test
    void fewAddressesAreTried() throws IOException {
        List<ServerSocket> listeners = new ArrayList<>();
        try {
            for (int i = 0; i < MOST_PEERS + 4; i++) {
                ServerSocket listener = listener();
                listeners.add(listener);
                PeerSend message = send(loopback(listener.getLocalPort()));
                int request = 100 + i;
                session.connection()
                        .send(message.wireBytes(), out -> message.writeFrame(out, request));
            }
            for (int answers = 0; answers < listeners.size(); ) {
                answers += session.connection().receive().header().answer() ? 1 : 0;
            }
            int reached = 0;
            for (ServerSocket listener : listeners) {
                reached += isConnectedTo(listener) ? 1 : 0;
            }
            assertThat(reached).isEqualTo(MOST_PEERS);
        } finally {
            for (ServerSocket listener : listeners) {
                listener.close();
            }
        }
    }

    private UUID expect(long destination, Region region) throws IOException {
        UUID transfer = UUID.randomUUID();
        PeerExpect message = new PeerExpect(CONTEXT, transfer, destination, region);
        session.connection().send(message.wireBytes(), message::writeFrame);
        return transfer;
    }

    private void forget(UUID transfer) throws IOException {
        PeerForget message = new PeerForget(transfer);
        session.connection().send(message.wireBytes(), message::writeFrame);
    }

    /// @return the connection of one who has said hello and sent his proof
    private TestConnection bringer(UUID transfer, Secret secret, long bytes) throws IOException {
        TestConnection bringer = new TestConnection(opened.port());
        Hello hello = Hello.bringing("test", transfer, 1, bytes);
        Hello answer = bringer.hello(hello);
        assertThat(answer.answeredStatus()).isEqualTo(Hello.Status.WELCOME);
        bringer.prove(new Handshake(hello, answer, secret).clientProof());
        return bringer;
    }

    private Secret secretOf(UUID transfer) {
        return Proof.transferSecret(opened.secret(), transfer);
    }

    private static byte[] random() {
        byte[] bytes = new byte[BYTES];
        new Random(7).nextBytes(bytes);
        return bytes;
    }

    @Test
    void aCopyIsTakenFromWhoKnowsItsSecretAndOnce() throws IOException {
        byte[] bytes = random();
        UUID transfer = expect(memory, TestSession.linear(BYTES));
        try (TestConnection stranger = bringer(transfer, opened.secret(), BYTES)) {
            assertThat(stranger.isClosedByPeer()).as("knows another secret").isTrue();
        }
        try (TestConnection bringer = bringer(transfer, secretOf(transfer), BYTES);
                TestConnection second = new TestConnection(opened.port())) {
            bringer.sendBytes(bytes);
            assertThat(session.read(CONTEXT, memory, BYTES)).isEqualTo(bytes);
            assertThat(second.hello(Hello.bringing("test", transfer, 1, BYTES)).answeredStatus())
                    .isEqualTo(Hello.Status.NOT_ALLOWED);
        }
    }

    @Test
    void aCopyOfAnotherLengthIsNotTaken() throws IOException {
        session.fill(CONTEXT, memory, 5, BYTES);
        UUID transfer = expect(memory, TestSession.linear(BYTES));
        try (TestConnection bringer = bringer(transfer, secretOf(transfer), BYTES + 1)) {
            assertThat(bringer.isClosedByPeer()).isTrue();
        }
        assertThat(session.read(CONTEXT, memory, BYTES)).containsOnly(5);
    }

    @Test
    void aCopyThatBreaksOffHoldsNothingUp() throws IOException {
        session.fill(CONTEXT, memory, 5, BYTES);
        UUID transfer = expect(memory, TestSession.linear(BYTES));
        try (TestConnection bringer = bringer(transfer, secretOf(transfer), BYTES)) {
            bringer.sendBytes(new byte[1000]);
        }
        assertThat(session.synchronize(CONTEXT)).isZero();
    }

    @Test
    void aCopyBeyondWhatWasAllocatedIsRefusedAndNotWaitedFor() throws IOException {
        long free = memory + (1L << 30);
        List<Region> regions =
                List.of(
                        TestSession.linear(4L << 20),
                        new Region(1L << 62, 8, 1, 1L << 62, 1L << 62),
                        new Region(-1, 1, 1, 1, 1),
                        TestSession.linear(0));
        for (Region region : regions) {
            UUID transfer = expect(memory, region);
            assertThat(session.synchronize(CONTEXT)).isEqualTo(CudaResult.ERROR_INVALID_VALUE);
            try (TestConnection bringer = new TestConnection(opened.port())) {
                assertThat(
                                bringer.hello(Hello.bringing("test", transfer, 1, BYTES))
                                        .answeredStatus())
                        .isEqualTo(Hello.Status.NOT_ALLOWED);
            }
        }
        expect(free, TestSession.linear(BYTES));
        assertThat(session.synchronize(CONTEXT)).isEqualTo(CudaResult.ERROR_INVALID_VALUE);
    }

    @Test
    void whatIsForgottenIsNotWaitedFor() throws IOException {
        UUID transfer = expect(memory, TestSession.linear(BYTES));
        forget(transfer);
        assertThat(session.synchronize(CONTEXT)).isZero();
        UUID early = UUID.randomUUID();
        forget(early);
        PeerExpect message = new PeerExpect(CONTEXT, early, memory, TestSession.linear(BYTES));
        session.connection().send(message.wireBytes(), message::writeFrame);
        assertThat(session.synchronize(CONTEXT)).isZero();
        for (int i = 0; i < 5000; i++) {
            forget(UUID.randomUUID());
        }
        assertThat(session.synchronize(CONTEXT)).isZero();
    }

    @Test
    void manyCopiesThatNeverComeTakeLittle() throws IOException {
        List<UUID> transfers = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            transfers.add(expect(memory, TestSession.linear(BYTES)));
        }
        for (UUID transfer : transfers) {
            forget(transfer);
        }
        assertThat(session.synchronize(CONTEXT)).isZero();
    }

    @Test
    void aWorkerEndsWithItsClientThoughItExpectsACopy() throws IOException {
        expect(memory, TestSession.linear(BYTES));
        session.close();
        await().atMost(Duration.ofSeconds(3))
                .until(() -> ProcessHandle.of(session.process()).isEmpty());
    }
}
