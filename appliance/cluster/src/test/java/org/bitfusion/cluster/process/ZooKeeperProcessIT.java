package org.bitfusion.cluster.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.TestMembers;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.tls.OpenSsl;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.revocation.Revocation;
import org.bitfusion.tls.revocation.RevocationList;
import org.bitfusion.tls.revocation.Revoked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A ZooKeeper process of one member, and who gets in.
class ZooKeeperProcessIT {
    private static final Duration LONG = Duration.ofSeconds(60);

    /// Less than ZooKeeper waits for the first word of a member.
    private static final Duration SOON = Duration.ofSeconds(4);

    @TempDir static Path temporary;

    private static TestMembers members;
    private static Member member;
    private static ZooKeeperFolder folder;
    private static ZooKeeperProcess process;
    private static PoolConnection connection;

    @BeforeAll
    static void start() {
        members = new TestMembers(temporary);
        member = TestMembers.member(1);
        process = members.start(member, List.of(member), List.of());
        folder = new ZooKeeperFolder(temporary.resolve("member-1"));
        connection = members.connect(member, List.of(member));
        assertThat(connection.awaitConnected(LONG)).as(log()).isTrue();
    }

    private static String log() {
        try {
            StringBuilder text = new StringBuilder();
            for (String name : List.of("zookeeper.out", "zookeeper.log")) {
                Path file = temporary.resolve("member-1").resolve(name);
                text.append(Files.exists(file) ? Files.readString(file) : name + ": none\n");
            }
            return text.toString();
        } catch (IOException exception) {
            return exception.toString();
        }
    }

    @AfterAll
    static void stop() {
        OptionalLong pid = process.pid();
        members.close();
        if (pid.isPresent()) {
            assertThat(ProcessHandle.of(pid.getAsLong()).filter(ProcessHandle::isAlive)).isEmpty();
        }
    }

    @Test
    void anApplianceIsLetIn() {
        for (int port : ports()) {
            assertThat(dial(port, Optional.of(appliance()), "-tls1_3"))
                    .contains("Verification: OK")
                    .doesNotContain("alert");
        }
        assertThat(dial(member.ports().client(), Optional.of(appliance()), "-tls1_3"))
                .contains("Mode: leader");
    }

    private static void revoke(UUID id) {
        new RevocationList(folder.revocations())
                .revoke(
                        new Revocation(
                                new Revoked.OfPeer(PeerRole.APPLIANCE, id),
                                "test",
                                "test",
                                members.pool.now,
                                members.pool.now.plus(TestPool.TOO_LONG)));
    }

    @Test
    void whoHasNoCertificateIsRefused() {
        for (int port : ports()) {
            assertThat(dial(port, Optional.empty(), "-tls1_3"))
                    .contains("alert certificate required")
                    .doesNotContain("Mode:");
        }
    }

    @Test
    void aClientOfThePoolIsRefused() {
        for (int port : ports()) {
            assertThat(dial(port, Optional.of(members.pool.client()), "-tls1_3"))
                    .contains("alert")
                    .doesNotContain("Mode:");
        }
    }

    @Test
    void anApplianceOfAnotherPoolIsRefused() {
        for (int port : ports()) {
            assertThat(dial(port, Optional.of(new TestPool().appliance()), "-tls1_3"))
                    .contains("alert")
                    .doesNotContain("Mode:");
        }
    }

    @Test
    void anApplianceThatWasRevokedIsRefused() {
        UUID id = UUID.randomUUID();
        Identity revoked = members.pool.appliance(id, members.pool.now, "127.0.0.1");
        revoke(id);
        for (int port : ports()) {
            assertThat(dial(port, Optional.of(revoked), "-tls1_3"))
                    .contains("alert")
                    .doesNotContain("Mode:");
        }
    }

    /// As an appliance that is removed from the pool while it is connected.
    @Test
    void theOpenConnectionsOfWhoIsRevokedEnd() throws Exception {
        Member removed = TestMembers.member(7);
        Identity identity =
                members.pool.appliance(removed.appliance(), members.pool.now, "127.0.0.1");
        TlsContext context =
                TlsContext.client(
                        Optional.of(() -> identity),
                        PoolTrust.ofClient(
                                List.of(members.pool.authority.root()), InstantSource.system()));
        try (PoolConnection client = members.connect(removed, List.of(member));
                SSLSocket quorum = connected(context, member.ports().quorum());
                SSLSocket election = connected(context, member.ports().election())) {
            assertThat(client.awaitConnected(LONG)).isTrue();
            revoke(removed.appliance());
            Instant at = Instant.now();
            for (SSLSocket socket : List.of(quorum, election)) {
                assertThat(isClosedByThen(socket)).isTrue();
            }
            await().atMost(SOON).until(() -> !client.isConnected());
            assertThat(Instant.now()).isBefore(at.plus(SOON));
            assertThat(connection.isConnected()).as("of others").isTrue();
        }
    }

    private static SSLSocket connected(TlsContext context, int port) throws IOException {
        SSLSocket socket =
                (SSLSocket) context.context().getSocketFactory().createSocket("127.0.0.1", port);
        socket.setSSLParameters(context.parameters());
        socket.setSoTimeout((int) SOON.toMillis());
        socket.startHandshake();
        return socket;
    }

    private static boolean isClosedByThen(SSLSocket socket) throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException _) {
            return false;
        } catch (SocketException | SSLException _) {
            return true;
        }
    }

    @Test
    void aRenewedCertificateIsShownWithoutARestart() {
        int starts = process.starts();
        Identity renewed =
                members.pool.appliance(member.appliance(), members.pool.now, "127.0.0.1");
        folder.writeIdentity(renewed);
        String shown = Certificates.write(List.of(renewed.certificate()));
        for (int port : ports()) {
            assertThat(dial(port, Optional.of(appliance()), "-tls1_3")).contains(shown);
        }
        assertThat(process.starts()).isEqualTo(starts);
    }

    @Test
    void anotherProcessOfTheSameFolderWaitsForTheEndOfThisOne() throws IOException {
        try (FileChannel lock = FileChannel.open(folder.lockFile(), StandardOpenOption.WRITE)) {
            assertThat(lock.tryLock()).isNull();
        }
    }

    @Test
    void olderProtocolsAreRefused() {
        for (int port : ports()) {
            assertThat(dial(port, Optional.of(appliance()), "-tls1_2"))
                    .contains("alert protocol version")
                    .doesNotContain("Mode:");
        }
    }

    @Test
    void withoutTlsNothingIsAnswered() throws IOException {
        for (int port : ports()) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.setSoTimeout((int) LONG.toMillis());
                socket.getOutputStream().write("srvr\n".getBytes(StandardCharsets.US_ASCII));
                socket.shutdownOutput();
                String answer =
                        new String(
                                socket.getInputStream().readAllBytes(),
                                StandardCharsets.ISO_8859_1);
                assertThat(answer).doesNotContain("Mode").doesNotContain("Zookeeper");
            } catch (SocketException _) {
                // Reset: nothing was answered either.
            }
        }
    }

    @Test
    void noOtherPortIsOpen() throws IOException {
        assertThat(Listening.portsOf(process.pid().orElseThrow()))
                .containsOnly(
                        member.ports().quorum(),
                        member.ports().election(),
                        member.ports().client());
    }

    @Test
    void onlyTheOwnerReadsTheFolder() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.root())))
                .isEqualTo("rwx------");
    }

    private static Identity appliance() {
        return members.pool.appliance();
    }

    private static List<Integer> ports() {
        return List.of(member.ports().client(), member.ports().election(), member.ports().quorum());
    }

    /// What `openssl s_client` prints, which asks for a word of ZooKeeper once it is connected.
    private static String dial(int port, Optional<Identity> identity, String protocol) {
        String root = "root-" + UUID.randomUUID() + ".pem";
        OpenSsl.write(temporary, root, Certificates.write(List.of(members.pool.authority.root())));
        String arguments = "";
        if (identity.isPresent()) {
            String file = "identity-" + UUID.randomUUID() + ".pem";
            identity.get().writeFile(temporary.resolve(file));
            String chain = "chain-" + UUID.randomUUID() + ".pem";
            List<X509Certificate> issuers = identity.get().chain().subList(1, 2);
            OpenSsl.write(temporary, chain, Certificates.write(issuers));
            arguments = " -cert " + file + " -key " + file + " -cert_chain " + chain;
        }
        String command =
                ("printf srvr | timeout 60 openssl s_client -ign_eof -connect 127.0.0.1:%d %s"
                                + " -CAfile %s%s")
                        .formatted(port, protocol, root, arguments);
        return Shell.run(temporary, command);
    }
}
