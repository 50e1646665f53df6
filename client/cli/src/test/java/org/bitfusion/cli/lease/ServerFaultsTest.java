package org.bitfusion.cli.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.VersionRange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Peers that are not what they should be, over real sockets.
class ServerFaultsTest {
    private static final AccessSecret ACCESS =
            new AccessSecret(
                    Path.of("/home/u/.bitfusion/access.secret"),
                    Secret.parse("00112233445566778899aabbccddeeff"));

    @TempDir Path folder;
    private ServerSocket listener;

    @BeforeEach
    void listen() throws IOException {
        listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void close() throws IOException {
        listener.close();
    }

    /// Answers one connection with `bytes` after its hello, then closes it.
    private Fault faultWhenAnswered(byte[] bytes) {
        Thread.ofVirtual()
                .start(() -> {
                    try (Socket peer = listener.accept()) {
                        peer.getInputStream().readNBytes(Hello.BYTES);
                        peer.getOutputStream().write(bytes);
                    } catch (IOException exception) {
                        throw new IllegalStateException(exception);
                    }
                });
        return fault(new ServerAddress("127.0.0.1", listener.getLocalPort()));
    }

    private static Fault fault(ServerAddress address) {
        Fault fault =
                catchThrowableOfType(Fault.class, () -> Server.connect(address, Access.of(ACCESS)));
        assertThat(fault).as("connecting to %s", address).isNotNull();
        assertThat(fault.line()).doesNotContain("\n");
        return fault;
    }

    private static byte[] refusal(int version, Hello.Status status) {
        return Hello.of(Hello.KIND_LEASE, "", Hello.NO_LEASE, 1)
                .refusal(status, "9.9.9-test", 1)
                .bytes()
                .putInt(8, version)
                .putInt(144, version)
                .array();
    }

    /// A welcome of one who does not know the secret.
    private static byte[] welcome() {
        Hello hello = Hello.of(Hello.KIND_LEASE, "", Hello.NO_LEASE, 1);
        return Handshake.welcome(hello, ACCESS.secret(), UUID.randomUUID(), "9.9.9-test", 1)
                .answer()
                .bytes()
                .array();
    }

    @Test
    void nobodyListens() throws IOException {
        int port = listener.getLocalPort();
        listener.close();
        Fault fault = fault(new ServerAddress("127.0.0.1", port));
        assertThat(fault.code()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(fault.line())
                .contains("127.0.0.1:" + port, "nobody listens", "bitfusion server -p " + port);
    }

    @Test
    void anotherMachineNeedsAClientOfAPool() {
        Access access = Access.of(Map.of(), folder);
        Fault fault =
                catchThrowableOfType(
                        Fault.class,
                        () -> Server.connect(new ServerAddress("192.0.2.1", 55001), access));
        assertThat(fault.code()).isEqualTo(ExitCode.NOT_ALLOWED);
        assertThat(fault.line()).contains("client.pem", "enrol", "token");
    }

    @Test
    void aServerOfAnotherVersionIsNamedWithBothBuilds() {
        Fault fault = faultWhenAnswered(refusal(7, Hello.Status.OTHER_VERSION));
        assertThat(fault.code()).isEqualTo(ExitCode.PROTOCOL);
        assertThat(fault.line())
                .contains(
                        "protocol 7 (build 9.9.9-test)",
                        "this program " + VersionRange.OWN + " (build ",
                        "same version");
    }

    @Test
    void aWrongSecretNamesItsFile() {
        for (byte[] answer : List.of(refusal(2, Hello.Status.NOT_ALLOWED), welcome())) {
            Fault fault = faultWhenAnswered(answer);
            assertThat(fault.code()).isEqualTo(ExitCode.NOT_ALLOWED);
            assertThat(fault.line())
                    .contains("/home/u/.bitfusion/access.secret", "BF_ACCESS_SECRET_FILE");
        }
    }

    @Test
    void aServerOfSomethingElseIsNoDispatcher() {
        Fault fault =
                faultWhenAnswered(
                        "HTTP/1.1 400 Bad Request\r\n"
                                .repeat(9)
                                .getBytes(StandardCharsets.US_ASCII));
        assertThat(fault.code()).isEqualTo(ExitCode.PROTOCOL);
        assertThat(fault.line()).contains("no Bitfusion dispatcher", "check the port");
    }

    @Test
    void aServerThatClosesIsUnavailable() {
        assertThat(faultWhenAnswered(new byte[7]).code()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(faultWhenAnswered(new byte[7]).line()).contains("closed the connection");
    }

    /// Whoever listens at a server's port, in its place or before it was started, learns nothing
    /// that helps to be let in anywhere.
    @Test
    void anImpostorGetsNeitherTheSecretNorAProof() throws Exception {
        ByteArrayOutputStream heard = new ByteArrayOutputStream();
        Thread impostor =
                Thread.ofVirtual()
                        .start(() -> {
                            try (Socket peer = listener.accept()) {
                                heard.write(peer.getInputStream().readNBytes(Hello.BYTES));
                                peer.getOutputStream().write(welcome());
                                peer.getInputStream().transferTo(heard);
                            } catch (IOException exception) {
                                throw new IllegalStateException(exception);
                            }
                        });
        Fault fault = fault(new ServerAddress("127.0.0.1", listener.getLocalPort()));
        impostor.join();
        assertThat(fault.code()).isEqualTo(ExitCode.NOT_ALLOWED);
        assertThat(heard.size()).as("nothing follows the hello").isEqualTo(Hello.BYTES);
        assertThat(HexFormat.of().formatHex(heard.toByteArray()))
                .doesNotContain(ACCESS.secret().hex());
        assertThat(Hello.read(ByteBuffer.wrap(heard.toByteArray())).proof()).isEqualTo(Proof.NONE);
    }

    @Test
    void aSecretThatIsMissingOrBrokenNamesItsFile() throws IOException {
        Path file = folder.resolve("access.secret");
        Map<String, String> environment = Map.of("BF_ACCESS_SECRET_FILE", file.toString());
        Fault missing =
                catchThrowableOfType(Fault.class, () -> AccessSecret.read(environment, folder));
        assertThat(missing.code()).isEqualTo(ExitCode.NOT_ALLOWED);
        assertThat(missing.line()).contains(file.toString(), "start the appliance");
        Files.writeString(file, "0011");
        Fault broken =
                catchThrowableOfType(Fault.class, () -> AccessSecret.read(environment, folder));
        assertThat(broken.code()).isEqualTo(ExitCode.BROKEN_CONFIGURATION);
        assertThat(broken.line()).contains(file.toString(), "32 hexadecimal digits");
        Files.writeString(file, "00112233445566778899aabbccddeeff\n");
        assertThat(AccessSecret.read(environment, folder).secret()).isEqualTo(ACCESS.secret());
    }
}
