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
    private static final Secret SECRET = Secret.parse("0123456789abcdef0123456789abcdef");

    private static ByteBuffer bytes(Hello hello) {
        ByteBuffer bytes = ByteBuffer.allocate(Hello.BYTES);
        hello.write(bytes);
        return bytes.flip();
    }

    @Test
    void hasItsFieldsWhereTheProtocolSays() {
        byte[] bytes =
                bytes(Hello.of(Hello.KIND_SESSION, "5.0.0", LEASE, SECRET, 0x01020304)).array();
        assertThat(Arrays.copyOf(bytes, 8))
                .isEqualTo(new byte[] {'B', 'I', 'T', 'F', 'U', 'S', 'N', 1});
        assertThat(Arrays.copyOfRange(bytes, 8, 16)).containsExactly(1, 0, 0, 0, 2, 0, 0, 0);
        assertThat(new String(bytes, 16, 5, java.nio.charset.StandardCharsets.UTF_8))
                .isEqualTo("5.0.0");
        assertThat(Arrays.copyOfRange(bytes, 21, 80)).containsOnly(0);
        assertThat(Arrays.copyOfRange(bytes, 80, 84)).containsExactly(0x00, 0x11, 0x22, 0x33);
        assertThat(Arrays.copyOfRange(bytes, 96, 100)).containsExactly(0x01, 0x23, 0x45, 0x67);
        assertThat(Arrays.copyOfRange(bytes, 112, 116)).containsExactly(4, 3, 2, 1);
        assertThat(Arrays.copyOfRange(bytes, 116, 128)).containsOnly(0);
    }

    @Test
    void whatIsReadIsWhatWasWritten() throws ProtocolException {
        Hello hello = Hello.of(Hello.KIND_DATA, "5.0.0 (ä)", LEASE, SECRET, 4711);
        assertThat(Hello.read(bytes(hello))).isEqualTo(hello);
    }

    @ParameterizedTest
    @EnumSource(Hello.Status.class)
    void anAnswerCarriesTheStatusAndNoSecret(Hello.Status status) throws ProtocolException {
        Hello hello = Hello.of(Hello.KIND_DATA, "client", LEASE, SECRET, 1);
        Hello answer = Hello.read(bytes(hello.answer(status, "server", 2)));
        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.answers(Hello.KIND_DATA)).isTrue();
        assertThat(answer.answers(Hello.KIND_LEASE)).isFalse();
        assertThat(answer.secret()).isEqualTo(Secret.NONE);
        assertThat(answer.build()).isEqualTo("server");
    }

    @Test
    void aLongBuildIsCut() throws ProtocolException {
        Hello hello = Hello.of(Hello.KIND_LEASE, "x".repeat(100), LEASE, SECRET, 1);
        assertThat(Hello.read(bytes(hello)).build()).isEqualTo("x".repeat(64));
    }

    @Test
    void controlCharactersOfABuildDoNotReachTerminals() throws ProtocolException {
        Hello hello = Hello.of(Hello.KIND_LEASE, "5\u001b[2J", LEASE, SECRET, 1);
        assertThat(Hello.read(bytes(hello)).build()).isEqualTo("5?[2J");
    }

    @Test
    void anotherVersionIsReadSoThatItCanBeNamed() throws ProtocolException {
        ByteBuffer bytes = bytes(Hello.of(Hello.KIND_LEASE, "5", LEASE, SECRET, 1));
        bytes.put(8, (byte) 9);
        assertThat(Hello.read(bytes).version()).isEqualTo(9);
    }

    @Test
    void isRefusedWhereverItIsCutOff() {
        byte[] bytes = bytes(Hello.of(Hello.KIND_LEASE, "5", LEASE, SECRET, 1)).array();
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
    void anUnknownStatusIsRefused() {
        Hello answer = new Hello(1, 0x83, "", LEASE, Secret.NONE, 1, 17);
        assertThatThrownBy(answer::status).isInstanceOf(ProtocolException.class);
    }

    @Test
    void aSecretIsNotPrintedByAccident() {
        assertThat(SECRET.toString()).doesNotContain("0123");
        assertThat(Hello.of(1, "", LEASE, SECRET, 1).toString()).doesNotContain("0123");
        assertThat(Secret.parse(SECRET.hex())).isEqualTo(SECRET);
        assertThatThrownBy(() -> Secret.parse("12")).isInstanceOf(IllegalArgumentException.class);
    }
}
