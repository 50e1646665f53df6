package org.bitfusion.tls.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Optional;
import org.bitfusion.tls.OpenSsl;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.pem.PrivateKeys;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdentityTest {
    private final Identity identity = new TestPool().client();

    @TempDir Path folder;

    @Test
    void oneFileHoldsKeyAndChain() throws Exception {
        Path file = folder.resolve("client.pem");
        identity.writeFile(file);
        Identity read = Identity.readFile(file);
        assertThat(read.key()).isEqualTo(identity.key());
        assertThat(read.chain()).isEqualTo(identity.chain());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(OpenSsl.output(folder, "pkey", "-in", "client.pem", "-noout", "-text_pub"))
                .contains("P-256");
    }

    @Test
    void aKeyOfAnotherCertificateIsRefused() {
        assertThatThrownBy(
                        () -> new Identity(PrivateKeys.generate().getPrivate(), identity.chain()))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("does not belong to the certificate of CN=client-1");
    }

    @Test
    void twoFilesThatDoNotBelongTogetherAreNamed() {
        Path key = folder.resolve("key");
        Path chain = folder.resolve("chain");
        PrivateKeys.writeFile(key, PrivateKeys.generate().getPrivate());
        Certificates.writeFile(chain, identity.chain());
        assertThatThrownBy(() -> Identity.readFiles(key, chain, Optional.empty()))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining(key.toString())
                .hasMessageContaining(chain.toString());
    }

    @Test
    void aReplacedIdentityIsTheCurrentOne() {
        CurrentIdentity current = new CurrentIdentity(identity);
        Identity next = new TestPool().client();
        current.replace(next);
        assertThat(current.get()).isSameAs(next);
    }

    @Test
    void theFingerprintIsThatOfOpenssl() {
        OpenSsl.write(folder, "cert", Certificates.write(identity.chain().subList(0, 1)));
        String expected =
                OpenSsl.output(folder, "x509", "-in", "cert", "-noout", "-fingerprint", "-sha256");
        assertThat(expected.replace(":", "").strip().toLowerCase(Locale.ROOT))
                .endsWith("=" + Identity.fingerprint(identity.certificate()));
    }
}
