package org.bitfusion.cli.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.protocol.ChannelBinding;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.Secret;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.authority.Renewal;
import org.bitfusion.tls.context.ClientCertificate;
import org.bitfusion.tls.context.HandshakeFailure;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.identity.CurrentIdentity;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.revocation.Revocation;
import org.bitfusion.tls.revocation.RevocationList;
import org.bitfusion.tls.revocation.RevocationSnapshot;
import org.bitfusion.tls.revocation.Revoked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/// The library's way and JSSE's: the same peers are let in, and what is said of the others is the
/// same.
@DisabledIfEnvironmentVariable(
        named = "BF_NATIVE_TLS",
        matches = "off",
        disabledReason = "what is looked at here is off")
class NativeTlsTest {
    private static final TestPool POOL = new TestPool();
    private static final int WAIT_MILLISECONDS = 20_000;
    private static final int SHORT_MILLISECONDS = 300;
    private static final int BULK = 3 << 20;

    @TempDir Path folder;

    private static TlsContext server(Identity identity, RevocationList revocations) {
        return TlsContext.server(
                () -> identity,
                PoolTrust.ofAppliance(
                        List.of(POOL.authority.root()),
                        revocations::snapshot,
                        InstantSource.system()),
                ClientCertificate.REQUIRED,
                Set.of(PeerRole.CLIENT, PeerRole.APPLIANCE));
    }

    private static TlsContext server(Identity identity) {
        return server(identity, new RevocationList(POOL.store));
    }

    private PoolTls client(TestPool pool, Identity identity) {
        Path authority = folder.resolve("ca.crt");
        Path own = folder.resolve("client.pem");
        Certificates.writeFile(authority, List.of(pool.authority.root()));
        identity.writeFile(own);
        PoolTrust trust =
                PoolTrust.ofClient(List.of(pool.authority.root()), InstantSource.system());
        PoolTls tls =
                PoolTls.of(
                        authority,
                        own,
                        () -> TlsContext.client(Optional.of(new CurrentIdentity(identity)), trust));
        assertThat(tls.isFast()).as("the library is used").isTrue();
        return tls;
    }

    private PoolTls client() {
        return client(POOL, POOL.client());
    }

    private static Dialling dialling(ServerAddress address, int milliseconds) {
        return () -> {
            Socket socket = new Socket();
            socket.connect(
                    new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), address.port()),
                    5000);
            socket.setSoTimeout(milliseconds);
            return socket;
        };
    }

    private static SecureConnection connect(PoolTls tls, TestPort port) throws IOException {
        ServerAddress address = port.address("127.0.0.1");
        SecureConnection connection = tls.connect(address, dialling(address, WAIT_MILLISECONDS));
        assertThat(connection).isInstanceOf(NativeConnection.class);
        return connection;
    }

    private static <T> Future<T> beside(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofPlatform().daemon().start(task);
        return task;
    }

    private static byte[] bulk() {
        byte[] bytes = new byte[BULK];
        for (int i = 0; i < BULK; i++) {
            bytes[i] = (byte) (i * 31 + (i >> 12));
        }
        return bytes;
    }

    @Test
    void whatGoesOverItArrivesBothWaysAtOnce() throws Exception {
        byte[] bulk = bulk();
        TestPort.Conduct echo =
                socket -> {
                    Thread reads =
                            Thread.ofPlatform()
                                    .start(() -> {
                                        try {
                                            byte[] came = socket.getInputStream().readNBytes(BULK);
                                            socket.getOutputStream()
                                                    .write(Arrays.equals(came, bulk) ? 1 : 0);
                                        } catch (IOException _) {
                                            // The client says what it misses.
                                        }
                                    });
                    OutputStream output = socket.getOutputStream();
                    output.write(bulk);
                    reads.join();
                };
        try (TestPort port = TestPort.tls(server(POOL.appliance()), echo);
                SecureConnection connection = connect(client(), port)) {
            Future<Boolean> reads = beside(() -> Arrays.equals(connection.readFully(BULK), bulk));
            connection.write(bulk);
            assertThat(reads.get(60, TimeUnit.SECONDS)).isTrue();
            assertThat(connection.readFully(1)).containsExactly(1);
            assertThat(connection.read(new byte[9], 0, 9)).as("the end").isEqualTo(-1);
            assertThat(connection.peer().getHostAddress()).isEqualTo("127.0.0.1");
        }
    }

    @Test
    void bothEndsHaveTheSameBindingAndSecret() throws Exception {
        CompletableFuture<List<String>> theirs = new CompletableFuture<>();
        TestPort.Conduct tells =
                socket -> {
                    SSLSocket secured = (SSLSocket) socket;
                    secured.startHandshake();
                    theirs.complete(
                            List.of(
                                    ChannelBinding.accessSecret(secured.getSession()).hex(),
                                    binding(ChannelBinding.of(secured.getSession()))));
                    var _ = socket.getInputStream().read();
                };
        try (TestPort port = TestPort.tls(server(POOL.appliance()), tells);
                SecureConnection connection = connect(client(), port)) {
            assertThat(theirs.get(30, TimeUnit.SECONDS))
                    .containsExactly(
                            connection.accessSecret().hex(), binding(connection.binding()));
        }
    }

    private static final Hello HELLO = Hello.of(Hello.KIND_LEASE, "x", new UUID(1, 2), 1);

    /// What a proof under it looks like.
    private static String binding(ChannelBinding binding) {
        var secret = Secret.parse("00112233445566778899aabbccddeeff");
        var bytes = ByteBuffer.allocate(Proof.BYTES);
        new Handshake(HELLO, HELLO, secret, binding).clientProof().write(bytes);
        return HexFormat.of().formatHex(bytes.array());
    }

    @Test
    void readingEndsInTimeAndMayGoOn() throws Exception {
        TestPort.Conduct slow =
                socket -> {
                    int word = socket.getInputStream().read();
                    socket.getOutputStream().write(word);
                    var _ = socket.getInputStream().read();
                };
        try (TestPort port = TestPort.tls(server(POOL.appliance()), slow);
                SecureConnection connection = connect(client(), port)) {
            connection.setReadTimeout(SHORT_MILLISECONDS);
            byte[] to = new byte[8];
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> connection.read(to, 0, 8))
                        .isInstanceOf(SocketTimeoutException.class);
            }
            assertThat(connection.read(to, 0, 0)).isZero();
            connection.setReadTimeout(WAIT_MILLISECONDS);
            connection.write(new byte[] {7});
            assertThat(connection.read(to, 3, 5)).isEqualTo(1);
            assertThat(to[3]).isEqualTo((byte) 7);
        }
    }

    @Test
    void whoReadsIsWokenByWhoCloses() throws Exception {
        TestPort.Conduct silent = socket -> socket.getInputStream().read();
        try (TestPort port = TestPort.tls(server(POOL.appliance()), silent)) {
            SecureConnection connection = connect(client(), port);
            connection.setReadTimeout(0);
            Future<Throwable> reads =
                    beside(() -> catchThrowable(() -> connection.read(new byte[9], 0, 9)));
            Thread.sleep(SHORT_MILLISECONDS);
            assertThat(reads.isDone()).isFalse();
            connection.close();
            assertThat(reads.get(10, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
            connection.close();
            assertThatThrownBy(() -> connection.read(new byte[9], 0, 9))
                    .isInstanceOf(IOException.class);
            assertThatThrownBy(() -> connection.write(new byte[9])).isInstanceOf(IOException.class);
            assertThatThrownBy(connection::binding).isInstanceOf(IOException.class);
        }
    }

    @Test
    void whoWritesInVainIsWokenByWhoCloses() throws Exception {
        TestPort.Conduct deaf =
                socket -> {
                    ((SSLSocket) socket).startHandshake();
                    Thread.sleep(WAIT_MILLISECONDS);
                };
        try (TestPort port = TestPort.tls(server(POOL.appliance()), deaf)) {
            SecureConnection connection = connect(client(), port);
            Future<Throwable> writes =
                    beside(() ->
                            catchThrowable(() -> {
                                while (true) {
                                    connection.write(new byte[1 << 20]);
                                }
                            }));
            Thread.sleep(3 * SHORT_MILLISECONDS);
            assertThat(writes.isDone()).isFalse();
            long begin = System.nanoTime();
            connection.close();
            assertThat(writes.get(10, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .isLessThan(Duration.ofSeconds(5));
        }
    }

    @Test
    void whatIsCutOffIsNotWhole() throws Exception {
        TestPort.Conduct cuts =
                socket -> {
                    var _ = socket.getInputStream().read();
                    socket.getOutputStream().write(new byte[100]);
                };
        try (TestPort port = TestPort.tls(server(POOL.appliance()), cuts);
                SecureConnection connection = connect(client(), port)) {
            connection.write(new byte[1]);
            assertThatThrownBy(() -> connection.readFully(101)).isInstanceOf(EOFException.class);
        }
    }

    @Test
    void aSilentPeerIsWaitedForOnlySoLong() throws Exception {
        TestPort.Conduct silent = socket -> socket.getInputStream().readAllBytes();
        try (TestPort port = TestPort.plain(silent)) {
            ServerAddress address = port.address("127.0.0.1");
            assertThatThrownBy(
                            () -> client().connect(address, dialling(address, SHORT_MILLISECONDS)))
                    .isInstanceOf(SocketTimeoutException.class);
            assertThat(port.visits).as("and not for a second time").hasValue(1);
        }
    }

    @Test
    void nobodyIsSaidAtOnce() throws Exception {
        TestPort port = TestPort.plain(_ -> {});
        ServerAddress address = port.address("127.0.0.1");
        port.close();
        assertThatThrownBy(() -> client().connect(address, dialling(address, WAIT_MILLISECONDS)))
                .isInstanceOf(ConnectException.class);
    }

    /// Both ways refuse, with the same words, and neither has said anything to the peer.
    private static String refusal(PoolTls tls, TestPort port, String host) {
        ServerAddress address = port.address(host);
        Dialling dialling = dialling(address, WAIT_MILLISECONDS);
        Throwable fast = catchThrowable(() -> tls.connect(address, dialling));
        Throwable jsse = catchThrowable(() -> tls.withoutLibrary().connect(address, dialling));
        assertThat(fast).isInstanceOf(Fault.class).hasSameClassAs(jsse);
        String line = ((Fault) fast).line();
        assertThat(withoutTime(line)).isEqualTo(withoutTime(((Fault) jsse).line()));
        assertThat(((Fault) fast).code()).isEqualTo(((Fault) jsse).code());
        assertThat(port.visits).as("JSSE had the last word").hasValue(3);
        return line;
    }

    private static String withoutTime(String line) {
        return line.replaceAll("clock says [^ :]+:[^ ]+|[0-9]+ min [0-9]+ s", "");
    }

    private String refusalOf(Identity appliance) throws IOException {
        CompletableFuture<Integer> heard = new CompletableFuture<>();
        TestPort.Conduct listens = socket -> heard.complete(socket.getInputStream().read());
        try (TestPort port = TestPort.tls(server(appliance), listens)) {
            String line = refusal(client(), port, "127.0.0.1");
            assertThat(heard).as("nothing is said to it").isNotCompleted();
            return line;
        }
    }

    @Test
    void strangersAreRefusedAsJsseRefusesThem() throws Exception {
        UUID id = UUID.randomUUID();
        Instant now = POOL.now;
        assertThat(refusalOf(new TestPool().appliance())).contains("unknown authority");
        assertThat(refusalOf(POOL.client())).contains("the certificate of a client");
        assertThat(refusalOf(POOL.appliance(id, now.minus(TestPool.TOO_LONG), "127.0.0.1")))
                .contains("ended at");
        assertThat(refusalOf(POOL.appliance(id, now.plus(Duration.ofDays(1)), "127.0.0.1")))
                .contains("begins at");
        assertThat(refusalOf(POOL.appliance(id, now, "10.1.2.3"))).contains("is not for 127.0.0.1");
    }

    @Test
    void aChainWithoutItsIntermediateIsRefused() throws Exception {
        Identity whole = POOL.appliance();
        assertThat(refusalOf(new Identity(whole.key(), whole.chain().subList(0, 1))))
                .contains("did not issue");
    }

    @Test
    void aPeerOfAnOlderProtocolIsRefused() throws Exception {
        Identity own = POOL.appliance();
        SSLServerSocket listener =
                (SSLServerSocket)
                        TlsContext.web(() -> own)
                                .context()
                                .getServerSocketFactory()
                                .createServerSocket(0, 9, InetAddress.ofLiteral("127.0.0.1"));
        listener.setEnabledProtocols(new String[] {"TLSv1.2"});
        try (TestPort port = new TestPort(listener, socket -> socket.getInputStream().read())) {
            assertThat(refusal(client(), port, "127.0.0.1")).contains("TLS 1.3");
        }
    }

    @Test
    void whoSpeaksNoTlsIsRefused() throws Exception {
        TestPort.Conduct other =
                socket -> {
                    socket.getOutputStream()
                            .write("SSH-2.0-OpenSSH_9.2\r\n".getBytes(StandardCharsets.US_ASCII));
                    socket.getInputStream().readAllBytes();
                };
        try (TestPort port = TestPort.plain(other)) {
            assertThat(refusal(client(), port, "127.0.0.1")).contains("no TLS 1.3 there");
        }
        try (TestPort port = TestPort.plain(_ -> {})) {
            assertThat(refusal(client(), port, "127.0.0.1")).contains("closed the connection");
        }
    }

    /// By a name that is another way to write the address.
    @Test
    void whatOnlyJavaKnowsIsLeftToIt() throws Exception {
        try (TestPort port =
                TestPort.tls(server(POOL.appliance()), socket -> socket.getInputStream().read())) {
            ServerAddress address = port.address("127.1");
            try (SecureConnection connection =
                    client().connect(address, dialling(address, WAIT_MILLISECONDS))) {
                assertThat(connection).isInstanceOf(JsseConnection.class);
            }
        }
    }

    /// What a server thinks of a client comes when the client's handshake is over.
    @Test
    void theClientsOwnRefusalIsToldAsJsseTellsIt() throws Exception {
        UUID id = UUID.randomUUID();
        Identity identity = POOL.client(id, "client-1", POOL.now);
        RevocationList revocations = new RevocationList(POOL.store);
        revocations.revoke(
                new Revocation(
                        new Revoked.OfPeer(PeerRole.CLIENT, id),
                        "admin",
                        "lost",
                        POOL.now,
                        POOL.now.plus(TestPool.TOO_LONG)));
        TlsContext tls = server(POOL.appliance(), revocations);
        // The socket stays open, as a server of the pool keeps it: a reset would overtake the
        // alert.
        TestPort.Conduct refuses =
                plain -> {
                    SSLSocket peer =
                            (SSLSocket)
                                    tls.context()
                                            .getSocketFactory()
                                            .createSocket(plain, null, plain.getPort(), false);
                    peer.setUseClientMode(false);
                    peer.setSSLParameters(tls.parameters());
                    assertThatThrownBy(peer::startHandshake).isInstanceOf(SSLException.class);
                    plain.getInputStream().readAllBytes();
                };
        try (TestPort port = TestPort.plain(refuses)) {
            PoolTls client = client(POOL, identity);
            assertThat(said(connect(client, port)))
                    .isEqualTo(
                            said(
                                    client.withoutLibrary()
                                            .connect(
                                                    port.address("127.0.0.1"),
                                                    dialling(
                                                            port.address("127.0.0.1"),
                                                            WAIT_MILLISECONDS))));
        }
    }

    private static String said(SecureConnection connection) {
        try (connection) {
            SSLException refusal =
                    catchThrowableOfType(
                            SSLException.class, () -> connection.read(new byte[9], 0, 9));
            return HandshakeFailure.of(refusal).orElseThrow().message();
        }
    }

    @Test
    void filesThatCannotBeUsedAreLeftToJsse() {
        Path missing = folder.resolve("missing");
        assertThat(
                        PoolTls.of(
                                        missing,
                                        null,
                                        () -> TlsContext.client(Optional.empty(), trust()))
                                .isFast())
                .isFalse();
    }

    private static PoolTrust trust() {
        return PoolTrust.ofAppliance(
                List.of(POOL.authority.root()),
                () -> RevocationSnapshot.EMPTY,
                InstantSource.system());
    }

    @Test
    void whatTheOwnCertificateSaysIsKnown() {
        Identity identity = POOL.client();
        Validity validity = Objects.requireNonNull(client(POOL, identity).validity());
        assertThat(validity.notBefore())
                .isEqualTo(identity.certificate().getNotBefore().toInstant());
        assertThat(validity.notAfter()).isEqualTo(identity.certificate().getNotAfter().toInstant());
        Instant due = Renewal.dueAt(identity.certificate());
        for (Instant at : List.of(due.minusMillis(1), due, validity.notAfter())) {
            assertThat(validity.renewal(at)).isEqualTo(Renewal.of(identity.certificate(), at));
        }
        assertThat(client(new TestPool(), identity).validity()).as("of another pool").isNull();
    }
}
