package org.bitfusion.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HandshakeTest {
    private static final UUID LEASE = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    private static final Secret SECRET = Secret.parse("0123456789abcdef0123456789abcdef");
    private static final Secret OTHER = Secret.parse("0123456789abcdef0123456789abcdee");

    private static Hello hello() {
        return Hello.of(Hello.KIND_SESSION, "client", LEASE, 1);
    }

    private static Handshake server(Hello hello, Secret secret) {
        return Handshake.welcome(hello, secret, UUID.randomUUID(), "server", 2);
    }

    private static byte[] bytes(Proof proof) {
        ByteBuffer bytes = ByteBuffer.allocate(Proof.BYTES);
        proof.write(bytes);
        return bytes.array();
    }

    @Test
    void bothSidesProveTheSecretToEachOther() throws ProtocolException {
        Hello hello = hello();
        Handshake server = server(Hello.read(hello.bytes()), SECRET);
        Handshake client = new Handshake(hello, Hello.read(server.answer().bytes()), SECRET);
        assertThat(client.serverIsProved()).isTrue();
        assertThat(server.clientIsProvedBy(client.clientProof())).isTrue();
        assertThat(client.leaseSecret(LEASE)).isEqualTo(server.leaseSecret(LEASE));
        assertThat(client.sessionSecret(LEASE))
                .isEqualTo(server.sessionSecret(LEASE))
                .isNotEqualTo(client.leaseSecret(LEASE));
    }

    @Test
    void whoKnowsAnotherSecretProvesNothing() {
        Hello hello = hello();
        Handshake server = server(hello, OTHER);
        Handshake client = new Handshake(hello, server.answer(), SECRET);
        assertThat(client.serverIsProved()).isFalse();
        assertThat(server.clientIsProvedBy(client.clientProof())).isFalse();
        assertThat(server.clientIsProvedBy(server.answer().proof()))
                .as("the server's own proof, sent back")
                .isFalse();
    }

    @Test
    void noProofIsOfUseASecondTime() {
        Hello hello = hello();
        Handshake first = server(hello, SECRET);
        Handshake second = server(hello, SECRET);
        assertThat(second.clientIsProvedBy(first.clientProof())).isFalse();
        assertThat(new Handshake(hello(), first.answer(), SECRET).serverIsProved())
                .as("an answer that was given to another hello")
                .isFalse();
    }

    /// Kind, version range, id, chosen version and process: what a proof is bound to.
    @ParameterizedTest
    @CsvSource({"8", "12", "80", "96", "144", "152", "168"})
    void whatIsChangedOnTheWayIsNoticed(int offset) throws ProtocolException {
        Hello hello = hello();
        byte[] changed = hello.bytes().array();
        changed[offset] ^= 16;
        Hello arrived = Hello.read(ByteBuffer.wrap(changed));
        VersionRange versions = new VersionRange(1, 50);
        Hello spoken =
                new Hello(
                        versions,
                        arrived.kind(),
                        arrived.build(),
                        arrived.id(),
                        arrived.nonce(),
                        arrived.proof(),
                        arrived.chosen(),
                        arrived.process(),
                        arrived.status(),
                        arrived.later());
        Handshake server = server(offset == 8 || offset == 144 ? spoken : arrived, SECRET);
        Handshake client = new Handshake(hello, server.answer(), SECRET);
        assertThat(client.serverIsProved()).isFalse();
        assertThat(server.clientIsProvedBy(client.clientProof())).isFalse();
    }

    @Test
    void aVersionThatWasNotOfferedIsNotBelieved() throws ProtocolException {
        Hello hello = Hello.of(new VersionRange(7, 9), Hello.KIND_DATA, "client", LEASE, 1);
        Hello asked = Hello.of(Hello.KIND_DATA, "client", LEASE, 1);
        Hello answer = server(asked, SECRET).answer();
        assertThat(new Handshake(asked, answer, SECRET).serverIsProved()).isTrue();
        assertThat(new Handshake(hello, answer, SECRET).serverIsProved()).isFalse();
    }

    @Test
    void aClientThatKnowsTheNonceProvesItselfAhead() {
        UUID nonce = UUID.randomUUID();
        Hello hello = Handshake.provedAhead(hello(), SECRET, nonce);
        assertThat(Handshake.isProvedAhead(hello, SECRET, nonce)).isTrue();
        assertThat(Handshake.isProvedAhead(hello, OTHER, nonce)).isFalse();
        assertThat(Handshake.isProvedAhead(hello, SECRET, UUID.randomUUID())).isFalse();
        assertThat(Handshake.isProvedAhead(hello(), SECRET, nonce)).isFalse();
        assertThat(new Handshake(hello, server(hello, SECRET).answer(), SECRET).serverIsProved())
                .isTrue();
    }

    @Test
    void theHighestCommonVersionIsChosen() {
        assertThat(new VersionRange(2, 4).common(new VersionRange(3, 9))).hasValue(4);
        assertThat(new VersionRange(2, 4).common(new VersionRange(4, 4))).hasValue(4);
        assertThat(new VersionRange(2, 4).common(new VersionRange(1, 1))).isEmpty();
        assertThat(new VersionRange(2, 4).common(new VersionRange(5, 6))).isEmpty();
        assertThat(new VersionRange(2, 4).common(new VersionRange(4, 3))).isEmpty();
        assertThat(new VersionRange(2, 3)).hasToString("2 to 3");
        assertThat(new VersionRange(2, 2)).hasToString("2");
    }

    @Test
    void aProofIsHmacWithSha256() throws java.security.GeneralSecurityException {
        byte[] said = "what was said before".repeat(9).getBytes(StandardCharsets.US_ASCII);
        ByteBuffer key = ByteBuffer.allocate(Secret.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        SECRET.write(key);
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key.array(), "HmacSHA256"));
        mac.update("purpose".getBytes(StandardCharsets.US_ASCII));
        assertThat(
                        HexFormat.of()
                                .formatHex(
                                        bytes(Proof.of(SECRET, "purpose", ByteBuffer.wrap(said)))))
                .isEqualTo(HexFormat.of().formatHex(mac.doFinal(said)));
    }

    @Test
    void aTransfersSecretIsKnownToWhoKnowsTheSession() {
        UUID transfer = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
        Secret proved = Proof.transferSecret(SECRET, transfer);
        Secret mask = Proof.transferMask(OTHER, transfer);
        assertThat(proved)
                .isEqualTo(Proof.transferSecret(SECRET, transfer))
                .isNotEqualTo(Proof.transferSecret(OTHER, transfer))
                .isNotEqualTo(Proof.transferSecret(SECRET, UUID.randomUUID()))
                .isNotEqualTo(Proof.transferMask(SECRET, transfer));
        assertThat(proved.masked(mask)).isNotEqualTo(proved);
        assertThat(proved.masked(mask).masked(mask)).isEqualTo(proved);
    }

    @Test
    void aBringersHelloSaysHowMuchItBrings() throws ProtocolException {
        Hello hello = Hello.bringing("worker", LEASE, 1, 0x0123456789abL);
        assertThat(Hello.read(hello.bytes()).transferBytes()).isEqualTo(0x0123456789abL);
        assertThat(hello.kind()).isEqualTo(Hello.KIND_PEER);
    }

    @Test
    void aSecretIsNotPrintedByAccident() {
        assertThat(SECRET.toString()).doesNotContain("0123");
        assertThat(server(hello(), SECRET).toString()).doesNotContain("0123");
        assertThat(Proof.NONE.toString()).doesNotContain("0000");
        assertThat(Secret.parse(SECRET.hex())).isEqualTo(SECRET);
        assertThatThrownBy(() -> Secret.parse("12")).isInstanceOf(IllegalArgumentException.class);
    }
}
