package org.bitfusion.tls.pem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.bitfusion.tls.Hostile;
import org.bitfusion.tls.OpenSsl;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.context.PeerRefused;
import org.bitfusion.tls.context.PoolTrust;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificatesTest {
    private final TestPool pool = new TestPool();
    private final List<X509Certificate> chain = pool.client().chain();

    @TempDir Path folder;

    @Test
    void aChainIsReadAsItWasWritten() {
        assertThat(Certificates.read(Certificates.write(chain))).isEqualTo(chain);
    }

    @Test
    void whatOpensslPrintsAroundACertificateIsPassedOver() {
        OpenSsl.write(folder, "cert", Certificates.write(chain));
        String text = OpenSsl.output(folder, "x509", "-in", "cert", "-text");
        assertThat(Certificates.read(text)).containsExactly(chain.getFirst());
    }

    @Test
    void aFileThatIsNoneIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("ca.crt"), "nothing");
        assertThatThrownBy(() -> Certificates.readFile(file))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("ca.crt")
                .hasMessageContaining("BEGIN CERTIFICATE");
    }

    @Test
    void aCutChainIsRefusedOrShorter() {
        byte[] good = Certificates.write(chain.subList(0, 1)).getBytes(StandardCharsets.US_ASCII);
        Hostile.cutAtEveryLength(
                good, 1, bytes -> Certificates.read(new String(bytes, StandardCharsets.US_ASCII)));
        Hostile.cutAtEveryLength(
                Certificates.encode(chain.getFirst()), 0, bytes -> Certificates.decode(bytes));
    }

    @Test
    void somethingBehindACertificateIsRefused() {
        byte[] der = Certificates.encode(chain.getFirst());
        byte[] longer = Arrays.copyOf(der, der.length + 1);
        assertThatThrownBy(() -> Certificates.decode(longer)).isInstanceOf(TlsException.class);
    }

    @Test
    void moreCertificatesThanAnybodyHasAreRefused() {
        String many = Certificates.write(chain.subList(0, 1)).repeat(65);
        assertThatThrownBy(() -> Certificates.read(many))
                .isInstanceOf(TlsException.class)
                .hasMessageStartingWith(TlsError.PEM_MALFORMED.tag());
    }

    /// What was altered is decoded, described and judged without anything but a refusal.
    @Test
    void alteredCertificatesAreDescribedAndNeverTrusted() {
        PoolTrust trust =
                PoolTrust.ofClient(List.of(pool.authority.root()), InstantSource.fixed(pool.now));
        byte[] good = Certificates.encode(chain.getFirst());
        Hostile.randomBytes(
                good,
                1_500,
                bytes -> {
                    X509Certificate altered = Certificates.decode(bytes);
                    CertificateDescription.of(altered).text();
                    PeerIdentity.of(altered);
                    if (!altered.equals(chain.getFirst())) {
                        assertThatThrownBy(() ->
                                        trust.check(
                                                List.of(altered, chain.get(1)),
                                                Set.of(PeerRole.CLIENT)))
                                .isInstanceOf(PeerRefused.class);
                    }
                });
    }
}
