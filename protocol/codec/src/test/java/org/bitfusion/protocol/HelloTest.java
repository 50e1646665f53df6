package org.bitfusion.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HelloTest {
    private static final UUID LEASE = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    private static final VersionRange VERSIONS = new VersionRange(2, 0x0103);

    private static Hello hello(String build) {
        return Hello.of(VERSIONS, Hello.KIND_SESSION, build, LEASE, 0x01020304);
    }

    private static ByteBuffer bytes(Hello hello) {
        return hello.bytes();
    }

    @Test
    void hasItsFieldsWhereTheProtocolSays() {
        byte[] bytes = bytes(hello("5.0.0")).array();
        assertThat(Arrays.copyOf(bytes, 8))
                .isEqualTo(new byte[] {'B', 'I', 'T', 'F', 'U', 'S', 'N', 2});
        assertThat(Arrays.copyOfRange(bytes, 8, 16)).containsExactly(3, 1, 0, 0, 2, 0, 0, 0);
        assertThat(new String(bytes, 16, 5, java.nio.charset.StandardCharsets.UTF_8))
                .isEqualTo("5.0.0");
        assertThat(Arrays.copyOfRange(bytes, 21, 80)).containsOnly(0);
        assertThat(Arrays.copyOfRange(bytes, 80, 84)).containsExactly(0x00, 0x11, 0x22, 0x33);
        assertThat(Arrays.copyOfRange(bytes, 96, 112)).as("the nonce").isNotEqualTo(new byte[16]);
        assertThat(Arrays.copyOfRange(bytes, 112, 144)).as("the proof").containsOnly(0);
        assertThat(Arrays.copyOfRange(bytes, 144, 152)).containsExactly(2, 0, 0, 0, 0, 0, 0, 0);
        assertThat(Arrays.copyOfRange(bytes, 152, 156)).containsExactly(4, 3, 2, 1);
        assertThat(Arrays.copyOfRange(bytes, 156, 176)).containsOnly(0);
    }

    @Test
    void whatIsReadIsWhatWasWritten() throws ProtocolException {
        Hello hello = hello("5.0.0 (ä)");
        assertThat(Hello.read(bytes(hello))).isEqualTo(hello);
    }

    @Test
    void whatALaterVersionAddsIsKeptForTheProofs() throws ProtocolException {
        byte[] bytes = bytes(hello("6.0.0")).array();
        bytes[170] = 17;
        assertThat(bytes(Hello.read(ByteBuffer.wrap(bytes))).array()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @EnumSource(Hello.Status.class)
    void aRefusalCarriesItsStatusAndProvesNothing(Hello.Status status) throws ProtocolException {
        Hello answer = Hello.read(bytes(hello("client").refusal(status, "server", 2)));
        assertThat(answer.answeredStatus()).isEqualTo(status);
        assertThat(answer.answers(Hello.KIND_SESSION)).isTrue();
        assertThat(answer.answers(Hello.KIND_LEASE)).isFalse();
        assertThat(answer.proof()).isEqualTo(Proof.NONE);
        assertThat(answer.build()).isEqualTo("server");
        assertThat(answer.versions()).isEqualTo(VersionRange.OWN);
    }

    @Test
    void aLongBuildIsCutAfterAWholeCharacter() throws ProtocolException {
        assertThat(Hello.read(bytes(hello("x".repeat(100)))).build()).isEqualTo("x".repeat(64));
        assertThat(Hello.read(bytes(hello("x" + "ä".repeat(50)))).build())
                .isEqualTo("x" + "ä".repeat(31));
    }

    @Test
    void controlCharactersOfABuildDoNotReachTerminals() throws ProtocolException {
        Hello hello = hello("5\u001b[2J");
        assertThat(Hello.read(bytes(hello)).build()).isEqualTo("5?[2J");
    }

    @Test
    void anotherVersionIsReadSoThatItCanBeNamed() throws ProtocolException {
        ByteBuffer bytes = bytes(hello("5"));
        bytes.put(8, (byte) 9).put(144, (byte) 7);
        assertThat(Hello.read(bytes).versions()).isEqualTo(new VersionRange(7, 0x0109));
    }

    @Test
    void isRefusedWhereverItIsCutOff() {
        byte[] bytes = bytes(hello("5")).array();
        for (int length = 0; length < bytes.length; length++) {
            ByteBuffer cut = ByteBuffer.wrap(bytes, 0, length);
            assertThatThrownBy(() -> Hello.read(cut)).isInstanceOf(ProtocolException.class);
        }
    }

    @Test
    void nonsenseIsRefused() {
        SplittableRandom random = new SplittableRandom(1);
        byte[] bytes = new byte[Hello.BYTES];
        for (int i = 0; i < 1_000; i++) {
            random.nextBytes(bytes);
            assertThatThrownBy(() -> Hello.read(ByteBuffer.wrap(bytes)))
                    .isInstanceOf(ProtocolException.class);
        }
    }

    @Test
    void anUnknownStatusIsRefused() throws ProtocolException {
        ByteBuffer bytes = bytes(hello("5").refusal(Hello.Status.BUSY, "", 1));
        Hello answer = Hello.read(bytes.put(156, (byte) 17));
        assertThatThrownBy(answer::answeredStatus).isInstanceOf(ProtocolException.class);
    }
}
