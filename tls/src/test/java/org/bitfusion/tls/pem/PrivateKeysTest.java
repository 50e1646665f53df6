package org.bitfusion.tls.pem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.util.Optional;
import org.bitfusion.tls.Hostile;
import org.bitfusion.tls.OpenSsl;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrivateKeysTest {
    private static final char[] PASSPHRASE = "correct horse".toCharArray();
    private static final KeyPair PAIR = PrivateKeys.generate();

    @TempDir Path folder;

    @Test
    void opensslReadsAPlainKey() {
        OpenSsl.write(folder, "key", PrivateKeys.write(PAIR.getPrivate()));
        assertThat(OpenSsl.output(folder, "pkey", "-in", "key", "-noout", "-text"))
                .contains("NIST CURVE: P-256");
    }

    @Test
    void opensslReadsAKeyUnderAPassphrase() {
        OpenSsl.write(folder, "key", PrivateKeys.write(PAIR.getPrivate(), PASSPHRASE));
        assertThat(
                        OpenSsl.output(
                                folder,
                                "pkey",
                                "-in",
                                "key",
                                "-passin",
                                "pass:correct horse",
                                "-noout",
                                "-text"))
                .contains("NIST CURVE: P-256");
        assertThat(OpenSsl.run(folder, "pkey", "-in", "key", "-passin", "pass:wrong").code())
                .isNotZero();
    }

    @Test
    void aKeyUnderAPassphraseIsReadWithItOnly() {
        String text = PrivateKeys.write(PAIR.getPrivate(), PASSPHRASE);
        assertThat(PrivateKeys.read(text, Optional.of(PASSPHRASE))).isEqualTo(PAIR.getPrivate());
        assertError(TlsError.PASSPHRASE_WRONG, text, Optional.of("other".toCharArray()));
        assertError(TlsError.PASSPHRASE_WRONG, text, Optional.empty());
    }

    @ParameterizedTest
    // openssl genpkey, with an option where there is one
    @CsvSource({
        "EC,ec_paramgen_curve:P-256",
        "EC,ec_paramgen_curve:P-384",
        "ED25519,",
        "RSA,rsa_keygen_bits:2048"
    })
    void keysThatOpensslMadeAreRead(String algorithm, String option) {
        String[] plain =
                option == null
                        ? new String[] {"genpkey", "-algorithm", algorithm, "-out", "key"}
                        : new String[] {
                            "genpkey", "-algorithm", algorithm, "-pkeyopt", option, "-out", "key"
                        };
        OpenSsl.output(folder, plain);
        PrivateKey key = PrivateKeys.read(text("key"), Optional.empty());
        OpenSsl.output(
                folder,
                "pkcs8",
                "-topk8",
                "-v2",
                "aes-256-cbc",
                "-in",
                "key",
                "-out",
                "sealed",
                "-passout",
                "pass:correct horse");
        assertThat(PrivateKeys.read(text("sealed"), Optional.of(PASSPHRASE))).isEqualTo(key);
    }

    @Test
    void aKeyInAnOldFormIsRefusedWithTheCommandThatConvertsIt() {
        OpenSsl.output(
                folder, "ecparam", "-genkey", "-noout", "-name", "prime256v1", "-out", "old");
        assertThatThrownBy(() -> PrivateKeys.read(text("old"), Optional.empty()))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("EC PRIVATE KEY")
                .hasMessageContaining("openssl pkcs8 -topk8 -nocrypt");
        OpenSsl.output(folder, "pkcs8", "-topk8", "-nocrypt", "-in", "old", "-out", "new");
        PrivateKeys.read(text("new"), Optional.empty());
    }

    @Test
    void aKeyInAFormThatOnlyOpensslKnowsIsRefusedWithTheCommandThatConvertsIt() {
        OpenSsl.write(folder, "key", PrivateKeys.write(PAIR.getPrivate()));
        OpenSsl.output(
                folder,
                "pkcs8",
                "-topk8",
                "-scrypt",
                "-in",
                "key",
                "-out",
                "sealed",
                "-passout",
                "pass:correct horse");
        assertThatThrownBy(() -> PrivateKeys.read(text("sealed"), Optional.of(PASSPHRASE)))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("openssl pkcs8 -topk8 -v2 aes-256-cbc");
    }

    @Test
    void aKeyFileIsReadByItsOwnerOnly() throws IOException {
        Path file = folder.resolve("key");
        PrivateKeys.writeFile(file, PAIR.getPrivate());
        assertThat(PrivateKeys.readFile(file, Optional.empty())).isEqualTo(PAIR.getPrivate());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertThatThrownBy(() -> PrivateKeys.readFile(file, Optional.empty()))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("chmod 600 " + file);
    }

    @Test
    void hostileKeysEndInTheDeclaredException() {
        String plain = PrivateKeys.write(PAIR.getPrivate());
        byte[] good = plain.getBytes(StandardCharsets.US_ASCII);
        Hostile.cutAtEveryLength(good, 1, PrivateKeysTest::read);
        Hostile.randomBytes(good, 2_000, PrivateKeysTest::read);
        Hostile.randomBytes(
                PAIR.getPrivate().getEncoded(), 2_000, bytes -> PrivateKeys.decode(bytes));
    }

    private static void read(byte[] bytes) {
        PrivateKeys.read(new String(bytes, StandardCharsets.ISO_8859_1), Optional.empty());
    }

    private String text(String name) {
        try {
            return Files.readString(folder.resolve(name));
        } catch (IOException exception) {
            throw new AssertionError(exception);
        }
    }

    private static void assertError(TlsError error, String text, Optional<char[]> passphrase) {
        assertThatThrownBy(() -> PrivateKeys.read(text, passphrase))
                .isInstanceOf(TlsException.class)
                .extracting(exception -> ((TlsException) exception).error())
                .isEqualTo(error);
    }
}
