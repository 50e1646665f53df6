package org.bitfusion.tls.context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bitfusion.tls.OpenSsl;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.revocation.RevocationSnapshot;
import org.bitfusion.tls.session.SessionIdentity;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The contexts against `openssl s_client` and `openssl s_server`.
class OpenSslPeerIT {
    private final TestPool pool = new TestPool();
    private final Identity appliance = pool.appliance();

    @TempDir Path folder;

    @BeforeEach
    void writeFiles() {
        OpenSsl.write(folder, "ca.crt", Certificates.write(List.of(pool.authority.root())));
        write("client", pool.client());
        write("appliance", appliance);
    }

    @Test
    void sClientWithACertificateOfThePoolIsLetInByTls13() throws Exception {
        try (Port port = new Port(server(ClientCertificate.REQUIRED))) {
            OpenSsl.Result result = sClient(port, "-tls1_3", "client");
            assertThat(result.output())
                    .contains("Verify return code: 0 (ok)")
                    .contains("New, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256");
            assertThat(port.visit().admission()).isInstanceOf(Admission.Admitted.class);
        }
    }

    @Test
    void aServerShowsItsWholeChainButForTheRoot() throws Exception {
        try (Port port = new Port(server(ClientCertificate.WANTED))) {
            assertThat(sClient(port, "-showcerts", null).output().split("BEGIN CERTIFICATE", -1))
                    .hasSize(3);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1", "-tls1_1", "-tls1_2"})
    void olderProtocolsAreRefusedByThePoolsPorts(String protocol) throws Exception {
        try (Port port = new Port(server(ClientCertificate.WANTED))) {
            assertThat(sClient(port, protocol, "client").output())
                    .contains("no peer certificate available");
            assertThat(port.visit().failure()).isNotNull();
        }
    }

    @Test
    void theWebPortSpeaksTls13AndTls12WithAead() throws Exception {
        try (Port port = new Port(TlsContext.web(() -> appliance))) {
            assertThat(sClient(port, "-tls1_3", null).output()).contains("New, TLSv1.3");
            for (String cipher :
                    List.of(
                            "ECDHE-ECDSA-AES128-GCM-SHA256",
                            "ECDHE-ECDSA-AES256-GCM-SHA384",
                            "ECDHE-ECDSA-CHACHA20-POLY1305")) {
                assertThat(sClient(port, "-tls1_2 -cipher " + cipher, null).output())
                        .contains("New, TLSv1.2, Cipher is " + cipher);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-tls1_1 -cipher ALL@SECLEVEL=0",
                "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256",
                "-tls1_2 -cipher ECDHE-ECDSA-AES256-SHA",
                "-tls1_2 -cipher ECDHE-ECDSA-AES128-CCM"
            })
    void theWebPortSpeaksNothingOlder(String options) throws Exception {
        try (Port port = new Port(TlsContext.web(() -> appliance))) {
            assertThat(sClient(port, options, null).output())
                    .contains("no peer certificate available");
        }
    }

    @Test
    void sClientSeesTheCertificateOfASessionByTls13Only() throws Exception {
        Identity session = SessionIdentity.create(pool.now, Duration.ofDays(1));
        try (Port port = new Port(TlsContext.session(session))) {
            assertThat(sClient(port, "-tls1_3", null).output()).contains("CN = session");
            assertThat(sClient(port, "-tls1_2", null).output())
                    .contains("no peer certificate available");
        }
    }

    @Test
    void theWebPortAsksForNoCertificate() throws Exception {
        try (Port port = new Port(TlsContext.web(() -> appliance))) {
            assertThat(sClient(port, "-tls1_3", "client").output())
                    .contains("No client certificate CA names sent");
            assertThat(port.visit().admission()).isInstanceOf(Admission.Anonymous.class);
        }
    }

    @Test
    void aSitesRsaCertificateServesTheWebPort() throws Exception {
        OpenSsl.output(
                folder,
                "req -x509 -newkey rsa:2048 -nodes -keyout site.key -out site.crt -subj /CN=site"
                        .split(" "));
        Identity site =
                new Identity(
                        PrivateKeys.read(
                                Files.readString(folder.resolve("site.key")), Optional.empty()),
                        Certificates.readFile(folder.resolve("site.crt")));
        try (Port port = new Port(TlsContext.web(() -> site))) {
            assertThat(sClient(port, "-tls1_3", null).output()).contains("CN = site");
            assertThat(sClient(port, "-tls1_2", null).output())
                    .contains("Cipher is ECDHE-RSA-AES128-GCM-SHA256");
        }
    }

    @Test
    void sServerWithAnAppliancesCertificateIsBelieved() throws Exception {
        try (Server server = sServer("appliance", "-Verify 3 -verify_return_error")) {
            // It does not answer: the handshake is over when nothing else is the matter.
            assertThatThrownBy(() -> Port.call(client(), "127.0.0.1", server.port, 1_000))
                    .isInstanceOf(SocketTimeoutException.class);
            await().until(() -> server.output().contains("verify return:1"));
            assertThat(server.output()).doesNotContain("ERROR").doesNotContain("verify error");
        }
    }

    @Test
    void sServerWithAClientsCertificateIsNot() throws Exception {
        try (Server server = sServer("client", "")) {
            Throwable thrown = catchThrowable(() -> Port.call(client(), "127.0.0.1", server.port));
            assertThat(HandshakeFailure.of(thrown).orElseThrow().error())
                    .isEqualTo(TlsError.CERTIFICATE_OF_WRONG_ROLE);
        }
    }

    @Test
    void sServerWithoutTls13IsNoPeer() throws Exception {
        try (Server server = sServer("appliance", "-tls1_2")) {
            Throwable thrown = catchThrowable(() -> Port.call(client(), "127.0.0.1", server.port));
            assertThat(HandshakeFailure.of(thrown).orElseThrow())
                    .satisfies(failure -> {
                        assertThat(failure.error()).isEqualTo(TlsError.NO_COMMON_PROTOCOL);
                        assertThat(failure.message()).contains("TLS 1.3 is needed");
                    });
        }
    }

    private TlsContext server(ClientCertificate demand) {
        return TlsContext.server(
                () -> appliance,
                PoolTrust.ofAppliance(
                        List.of(pool.authority.root()),
                        () -> RevocationSnapshot.EMPTY,
                        InstantSource.system()),
                demand,
                Set.of(PeerRole.CLIENT, PeerRole.APPLIANCE));
    }

    private TlsContext client() {
        Identity identity = pool.client();
        return TlsContext.client(
                Optional.of(() -> identity),
                PoolTrust.ofClient(List.of(pool.authority.root()), InstantSource.system()));
    }

    private void write(String name, Identity identity) {
        OpenSsl.write(folder, name + ".key", PrivateKeys.write(identity.key()));
        OpenSsl.write(folder, name + ".crt", Certificates.write(identity.chain().subList(0, 1)));
        OpenSsl.write(folder, name + ".chain", Certificates.write(identity.chain().subList(1, 2)));
    }

    private OpenSsl.Result sClient(Port port, String options, @Nullable String identity) {
        List<String> arguments =
                new ArrayList<>(
                        List.of(
                                "s_client",
                                "-connect",
                                "127.0.0.1:" + port.port(),
                                "-CAfile",
                                "ca.crt",
                                "-verify_ip",
                                "127.0.0.1"));
        arguments.addAll(List.of(options.split(" ")));
        if (identity != null) {
            arguments.addAll(
                    List.of(
                            "-cert",
                            identity + ".crt",
                            "-cert_chain",
                            identity + ".chain",
                            "-key",
                            identity + ".key"));
        }
        return OpenSsl.run(folder, arguments.toArray(String[]::new));
    }

    /// An `openssl s_server` that runs, and the file with all that it prints.
    private record Server(Process process, int port, Path log) implements AutoCloseable {
        String output() {
            try {
                return Files.readString(log);
            } catch (IOException exception) {
                throw new AssertionError(exception);
            }
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }

    private Server sServer(String identity, String options) throws IOException {
        int port = freePort();
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "openssl",
                                "s_server",
                                "-accept",
                                "127.0.0.1:" + port,
                                "-CAfile",
                                "ca.crt",
                                "-cert",
                                identity + ".crt",
                                "-cert_chain",
                                identity + ".chain",
                                "-key",
                                identity + ".key"));
        if (!options.isEmpty()) {
            command.addAll(List.of(options.split(" ")));
        }
        Path log = folder.resolve("s_server.log");
        Process process =
                new ProcessBuilder(command)
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        Server server = new Server(process, port, log);
        await().until(() -> server.output().contains("ACCEPT"));
        return server;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }
}
