package org.bitfusion.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.awaitility.Awaitility;
import org.bitfusion.dispatcher.DispatcherSettings.PortRange;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.message.LeaseDevices;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.context.ClientCertificate;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.identity.CurrentIdentity;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.revocation.RevocationSnapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A dispatcher as a client of the network meets it.
@Timeout(120)
class ClientsOfAPoolTest {
    private static final int MANY = Strangers.MOST + 20;

    /// More than all buffers between the two hold.
    private static final long MOST_HEARD = 24L << 20;

    private static final int PATIENCE_MILLISECONDS = 60_000;
    private final TestPool pool = new TestPool();
    private final Secret access = Secret.random(new SecureRandom());

    @TempDir Path folder;

    /// @param gate the file that lets workers begin
    private Dispatcher start(Path gate, boolean withTls) throws IOException {
        List<String> command = new ArrayList<>();
        command.addAll(
                List.of(
                        "/bin/sh",
                        "-c",
                        "while [ ! -e '" + gate + "' ]; do sleep 0.02; done; exec \"$0\" \"$@\""));
        command.addAll(FakeWorker.command(FakeWorker.Behaviour.GOOD));
        Identity own = pool.appliance();
        PoolTrust trust =
                PoolTrust.ofAppliance(
                        List.of(pool.authority.root()),
                        () -> RevocationSnapshot.EMPTY,
                        Clock.systemUTC());
        return Dispatcher.start(
                new DispatcherSettings(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        new PortRange(0, 0),
                        access,
                        1,
                        command,
                        Map.of(),
                        Optional.empty(),
                        OptionalLong.empty(),
                        "test",
                        Duration.ofSeconds(30),
                        Duration.ofMillis(500),
                        4,
                        Optional.empty(),
                        folder.resolve("gpus"),
                        folder.resolve("run"),
                        withTls
                                ? Optional.of(
                                        TlsContext.server(
                                                new CurrentIdentity(own),
                                                trust,
                                                ClientCertificate.REQUIRED,
                                                Set.of(PeerRole.CLIENT)))
                                : Optional.empty()));
    }

    private SSLSocket connect(Dispatcher dispatcher, Optional<Identity> identity)
            throws IOException {
        TlsContext tls =
                TlsContext.client(
                        identity.<Supplier<Identity>>map(CurrentIdentity::new),
                        PoolTrust.ofClient(List.of(pool.authority.root()), Clock.systemUTC()));
        SSLSocket socket =
                (SSLSocket)
                        tls.context()
                                .getSocketFactory()
                                .createSocket("127.0.0.1", dispatcher.port());
        socket.setSSLParameters(tls.parameters());
        socket.setSoTimeout(PATIENCE_MILLISECONDS);
        socket.startHandshake();
        return socket;
    }

    private static Hello sayHello(Socket socket) throws IOException {
        Hello hello = Hello.of(Hello.KIND_LEASE, "test", Hello.NO_LEASE, 1);
        socket.getOutputStream().write(hello.bytes().array());
        return hello;
    }

    /// TLS 1.3: it may write before the server has looked at its certificate, and goes on.
    @Test
    void whoHasNoCertificateHearsItThoughItWritesOn() throws Exception {
        Path gate = folder.resolve("gate");
        try (Dispatcher dispatcher = start(gate, true);
                SSLSocket nobody = connect(dispatcher, Optional.empty())) {
            assertThatThrownBy(
                            () -> {
                                OutputStream out = nobody.getOutputStream();
                                for (int i = 0; i < 64; i++) {
                                    out.write(new byte[64 * 1024]);
                                }
                                nobody.getInputStream().read();
                            })
                    .isInstanceOf(SSLException.class)
                    .hasMessageContaining("certificate_required");
        }
    }

    @Test
    void whoMadeWayBeforeTheDevicesWereKnownDisturbsNobody() throws Exception {
        Path gate = folder.resolve("gate");
        List<SocketChannel> strangers = new ArrayList<>();
        try (Dispatcher dispatcher = start(gate, true);
                SSLSocket early = connect(dispatcher, Optional.of(pool.client()))) {
            sayHello(early);
            for (int i = 0; i < MANY; i++) {
                strangers.add(
                        SocketChannel.open(
                                new InetSocketAddress(
                                        InetAddress.getLoopbackAddress(), dispatcher.port())));
            }
            assertThat(early.getInputStream().read()).isNegative();
            try (SSLSocket late = connect(dispatcher, Optional.of(pool.client()))) {
                sayHello(late);
                Files.createFile(gate);
                Hello answer =
                        Hello.read(
                                ByteBuffer.wrap(late.getInputStream().readNBytes(Hello.BYTES))
                                        .order(ByteOrder.LITTLE_ENDIAN));
                assertThat(answer.answeredStatus()).isEqualTo(Hello.Status.WELCOME);
            }
        } finally {
            for (SocketChannel stranger : strangers) {
                stranger.close();
            }
        }
    }

    @Test
    void strangersOfOnePlaceKeepNobodyOutFromElsewhere() throws Exception {
        Path gate = Files.createFile(folder.resolve("gate"));
        List<Socket> strangers = new ArrayList<>();
        try (Dispatcher dispatcher = start(gate, false);
                Socket client = new Socket()) {
            client.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.2"), 0));
            client.connect(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), dispatcher.port()));
            for (int i = 0; i < MANY; i++) {
                strangers.add(new Socket(InetAddress.getLoopbackAddress(), dispatcher.port()));
            }
            sayHello(client);
            assertThat(client.getInputStream().readNBytes(Hello.BYTES)).hasSize(Hello.BYTES);
        } finally {
            for (Socket stranger : strangers) {
                stranger.close();
            }
        }
    }

    /// By the system: who is let in need say nothing.
    @Test
    void whoseMachineIsGoneIsFoundOut() throws Exception {
        Path gate = Files.createFile(folder.resolve("gate"));
        try (Dispatcher dispatcher = start(gate, false);
                Socket client = new Socket(InetAddress.getLoopbackAddress(), dispatcher.port())) {
            sayHello(client);
            assertThat(client.getInputStream().readNBytes(Hello.BYTES)).hasSize(Hello.BYTES);
            // proc(5): local address, peer, 01 (established), queues, timer (02: keepalive)
            Pattern kept =
                    Pattern.compile(
                            ":%04X [0-9A-F]+:%04X 01 [0-9A-F]+:[0-9A-F]+ 02:"
                                    .formatted(dispatcher.port(), client.getLocalPort()));
            Awaitility.await()
                    .untilAsserted(() ->
                            assertThat(
                                            Files.readString(Path.of("/proc/net/tcp"))
                                                    + Files.readString(Path.of("/proc/net/tcp6")))
                                    .containsPattern(kept));
        }
    }

    /// Its answers would be kept in the dispatcher's memory.
    @Test
    void whoDoesNotReadIsNotHeardForEver() throws Exception {
        Path gate = Files.createFile(folder.resolve("gate"));
        try (Dispatcher dispatcher = start(gate, false);
                Socket client = new Socket()) {
            client.setReceiveBufferSize(64 * 1024);
            client.setSendBufferSize(64 * 1024);
            client.connect(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), dispatcher.port()));
            Hello hello = sayHello(client);
            Hello answer =
                    Hello.read(
                            ByteBuffer.wrap(client.getInputStream().readNBytes(Hello.BYTES))
                                    .order(ByteOrder.LITTLE_ENDIAN));
            ByteBuffer proof = ByteBuffer.allocate(Proof.BYTES);
            new Handshake(hello, answer, access).clientProof().write(proof);
            client.getOutputStream().write(proof.array());
            assertThat(sendWithoutReading(client)).isLessThan(MOST_HEARD);
        }
    }

    /// @return bytes that were taken before nothing was for a second
    private static long sendWithoutReading(Socket client) throws Exception {
        LeaseDevices question = new LeaseDevices();
        ByteBuffer many = ByteBuffer.allocate(64 * 1024).order(ByteOrder.LITTLE_ENDIAN);
        for (int request = 1; many.remaining() >= 16; request++) {
            question.writeFrame(many, request);
        }
        AtomicLong sent = new AtomicLong();
        Thread sender =
                Thread.ofPlatform()
                        .daemon()
                        .start(() -> {
                            try {
                                while (sent.get() < MOST_HEARD) {
                                    client.getOutputStream()
                                            .write(many.array(), 0, many.position());
                                    sent.addAndGet(many.position());
                                }
                            } catch (IOException e) {
                                Thread.currentThread().interrupt();
                            }
                        });
        long before = -1;
        while (sender.isAlive() && sent.get() != before) {
            before = sent.get();
            sender.join(Duration.ofSeconds(1));
        }
        return sent.get();
    }
}
