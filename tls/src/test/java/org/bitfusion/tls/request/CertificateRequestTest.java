package org.bitfusion.tls.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bitfusion.tls.Hostile;
import org.bitfusion.tls.OpenSsl;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.pem.PemBlock;
import org.bitfusion.tls.pem.PrivateKeys;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CertificateRequestTest {
    private static final KeyPair PAIR = PrivateKeys.generate();
    private static final String GOOD = CertificateRequest.write(PAIR, "host-1");

    @TempDir Path folder;

    @Test
    void opensslAcceptsARequest() {
        OpenSsl.write(folder, "request", GOOD);
        assertThat(OpenSsl.output(folder, "req", "-in", "request", "-verify", "-noout", "-text"))
                .contains("verify OK")
                .contains("CN = host-1");
    }

    @Test
    void theKeyOfARequestIsRead() {
        assertThat(CertificateRequest.parse(GOOD).publicKey()).isEqualTo(PAIR.getPublic());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ec -pkeyopt ec_paramgen_curve:P-256",
                "ec -pkeyopt ec_paramgen_curve:P-384",
                "ed25519",
                "rsa:2048",
                "rsa:4096"
            })
    void requestsThatOpensslMadeAreAccepted(String key) {
        CertificateRequest.parse(opensslRequest("-newkey " + key));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-newkey rsa:1024",
                "-newkey rsa:2048 -sha1",
                "-newkey ec -pkeyopt ec_paramgen_curve:secp256k1",
                "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit",
                "-newkey ec -pkeyopt ec_paramgen_curve:P-521",
                "-newkey ed448"
            })
    void weakOrStrangeKeysAreRefused(String options) {
        String request = opensslRequest(options);
        assertThatThrownBy(() -> CertificateRequest.parse(request))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("P-256")
                .extracting(exception -> ((TlsException) exception).error())
                .isEqualTo(TlsError.REQUEST_KEY_UNACCEPTABLE);
    }

    @Test
    void aRequestForSomebodyElsesKeyIsRefused() {
        byte[] request = PemBlock.readAll(GOOD).getFirst().content();
        byte[] other =
                PemBlock.readAll(CertificateRequest.write(PrivateKeys.generate(), "host-1"))
                        .getFirst()
                        .content();
        byte[] key = PAIR.getPublic().getEncoded();
        int at = indexOf(request, key);
        // The other's request, with this one's public key in its place.
        int otherAt = indexOf(other, Arrays.copyOf(key, 26));
        byte[] forged = other.clone();
        System.arraycopy(request, at, forged, otherAt, key.length);
        assertThatThrownBy(() ->
                        CertificateRequest.parse(
                                new PemBlock("CERTIFICATE REQUEST", forged).text()))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("not signed by the key that it is for");
    }

    @Test
    void aRequestOfAnyLengthIsNotRead() {
        assertThatThrownBy(() -> CertificateRequest.parse(GOOD + " ".repeat(20_000)))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("longer than");
    }

    @Test
    void hostileRequestsEndInTheDeclaredException() {
        byte[] text = GOOD.getBytes(StandardCharsets.US_ASCII);
        Hostile.cutAtEveryLength(
                text,
                1,
                bytes -> CertificateRequest.parse(new String(bytes, StandardCharsets.US_ASCII)));
        byte[] der = PemBlock.readAll(GOOD).getFirst().content();
        Hostile.cutAtEveryLength(der, 0, CertificateRequestTest::parse);
        Hostile.randomBytes(der, 5_000, CertificateRequestTest::parse);
    }

    private static void parse(byte[] der) {
        CertificateRequest.parse(new PemBlock("CERTIFICATE REQUEST", der).text());
    }

    private static int indexOf(byte[] all, byte[] part) {
        for (int at = 0; at + part.length <= all.length; at++) {
            if (Arrays.equals(all, at, at + part.length, part, 0, part.length)) {
                return at;
            }
        }
        throw new AssertionError("the key is not in the request");
    }

    private String opensslRequest(String options) {
        List<String> arguments = new ArrayList<>();
        arguments.add("req");
        arguments.addAll(List.of(options.split(" ")));
        arguments.addAll(
                List.of("-nodes", "-keyout", "key", "-out", "request", "-subj", "/CN=host-1"));
        OpenSsl.output(folder, arguments.toArray(String[]::new));
        try {
            return Files.readString(folder.resolve("request"));
        } catch (IOException exception) {
            throw new AssertionError(exception);
        }
    }
}
