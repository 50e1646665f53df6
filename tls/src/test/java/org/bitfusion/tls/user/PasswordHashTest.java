package org.bitfusion.tls.user;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.bitfusion.tls.Hostile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PasswordHashTest {
    private static final PasswordHash.Cost CHEAP = new PasswordHash.Cost(1024, 1, 1);

    /// RFC 9106, 5.3.
    @Test
    void theVectorOfTheRfcComesOut() {
        PasswordHash.Keyed keyed =
                new PasswordHash.Keyed() {
                    @Override
                    public byte[] secret() {
                        return filled(8, 3);
                    }

                    @Override
                    public byte[] data() {
                        return filled(12, 4);
                    }
                };
        byte[] hash =
                PasswordHash.argon2id(
                        filled(32, 1),
                        filled(16, 2),
                        new PasswordHash.Cost(32, 3, 4),
                        32,
                        Optional.of(keyed));
        assertThat(HexFormat.of().formatHex(hash))
                .isEqualTo("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
    }

    /// test.c of the reference implementation (P-H-C/phc-winner-argon2), password "password".
    @ParameterizedTest
    @CsvSource({
        "65536,2,1,09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7",
        "256,2,1,9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe",
        "256,2,2,6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"
    })
    void theVectorsOfTheReferenceImplementationComeOut(
            int memoryKiB, int passes, int lanes, String expected) {
        byte[] hash =
                PasswordHash.argon2id(
                        "password".getBytes(StandardCharsets.US_ASCII),
                        "somesalt".getBytes(StandardCharsets.US_ASCII),
                        new PasswordHash.Cost(memoryKiB, passes, lanes),
                        32,
                        Optional.empty());
        assertThat(HexFormat.of().formatHex(hash)).isEqualTo(expected);
    }

    @Test
    void aHashOfTheReferenceImplementationIsRead() {
        PasswordHash hash =
                PasswordHash.parse(
                        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ"
                                + "$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc");
        assertThat(hash.matches("password".toCharArray())).isTrue();
        assertThat(hash.matches("Password".toCharArray())).isFalse();
    }

    @Test
    void onePasswordHasManyHashes() {
        char[] password = "correct horse battery".toCharArray();
        PasswordHash hash = PasswordHash.of(password, PasswordHash.COST);
        assertThat(hash.text()).isNotEqualTo(PasswordHash.of(password, PasswordHash.COST).text());
        assertThat(PasswordHash.parse(hash.text()).matches(password)).isTrue();
        assertThat(hash.text()).startsWith("$argon2id$v=19$m=65536,t=3,p=1$");
    }

    @Test
    void howAnUmlautIsTypedDoesNotMatter() {
        PasswordHash hash = PasswordHash.of("grüße aus berlin".toCharArray(), CHEAP);
        assertThat(hash.matches("gru\u0308ße aus berlin".toCharArray())).isTrue();
    }

    @Test
    void hostileTextEndsInTheDeclaredExceptionAndTakesNoMemory() {
        byte[] good =
                PasswordHash.of("x".toCharArray(), CHEAP)
                        .text()
                        .getBytes(StandardCharsets.US_ASCII);
        Hostile.randomBytes(good, 5_000, PasswordHashTest::parse);
        assertThat(
                        Hostile.accepts(
                                "$argon2id$v=19$m=4194304,t=3,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c"
                                        .getBytes(StandardCharsets.US_ASCII),
                                PasswordHashTest::parse))
                .isFalse();
    }

    private static void parse(byte[] bytes) {
        PasswordHash.parse(new String(bytes, StandardCharsets.ISO_8859_1));
    }

    private static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }
}
