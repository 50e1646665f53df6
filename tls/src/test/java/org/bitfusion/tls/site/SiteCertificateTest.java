package org.bitfusion.tls.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bitfusion.tls.OpenSsl;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.pem.PrivateKeys;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A site's authority, root and intermediate, made by openssl.
class SiteCertificateTest {
    private static final String SERVER =
            """
            basicConstraints=CA:FALSE
            extendedKeyUsage=serverAuth
            subjectAltName=DNS:gpu.example.com,DNS:*.lab.example.com,IP:10.0.0.1
            """;
    private static final String AUTHORITY =
            """
            basicConstraints=critical,CA:TRUE
            keyUsage=critical,keyCertSign
            """;

    /// After all that openssl makes in the meantime.
    private final Instant now = Instant.now().plusSeconds(60);

    @TempDir Path folder;

    @BeforeEach
    void makeAuthority() {
        OpenSsl.output(
                folder,
                ("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key"
                                + " -out root.crt -subj /CN=site-root -days 30")
                        .split(" "));
        issue("middle", "root", AUTHORITY, "ec -pkeyopt ec_paramgen_curve:P-256", "30");
        issue("server", "middle", SERVER, "rsa:2048", "90");
    }

    @Test
    void aWholeChainIsUsableInAnyOrderAndWithoutItsRoot() {
        SiteCheck.Usable usable =
                usable(check(text("root.crt") + text("middle.crt") + text("server.crt"), "server"));
        assertThat(usable.identity().chain())
                .extracting(certificate -> certificate.getSubjectX500Principal().getName())
                .containsExactly("CN=server", "CN=middle");
        assertThat(usable.warnings()).isEmpty();
    }

    @Test
    void aRootThatIsKnownNeedNotBeInTheFile() {
        String chain = text("server.crt") + text("middle.crt");
        assertThat(problems(check(chain, "server")))
                .singleElement()
                .asString()
                .contains("not complete")
                .contains("CN=site-root")
                .contains("append it to the file");
        X509Certificate root = Certificates.read(text("root.crt")).getFirst();
        SiteCertificate knowing = new SiteCertificate(Set.of(root), List.of(), now);
        usable(knowing.check(chain, text("server.key"), Optional.empty()));
    }

    @Test
    void aMissingIntermediateIsNamed() {
        assertThat(problems(check(text("server.crt") + text("root.crt"), "server")))
                .singleElement()
                .asString()
                .contains("\"CN=server\" was issued by \"CN=middle\"");
    }

    @Test
    void aKeyOfAnotherCertificateIsRefused() {
        assertThat(problems(check(text("server.crt"), "other-key")))
                .singleElement()
                .asString()
                .contains("belongs to none of the certificates")
                .contains("CN=server");
    }

    @Test
    void whatHasEndedOrNotBegunIsRefusedWithItsTime() {
        String chain = text("server.crt") + text("middle.crt") + text("root.crt");
        assertThat(
                        problems(
                                new SiteCertificate(
                                                Set.of(), List.of(), now.plus(Duration.ofDays(91)))
                                        .check(chain, text("server.key"), Optional.empty())))
                .anyMatch(problem -> problem.contains("\"CN=server\" ended at"))
                .anyMatch(problem -> problem.contains("\"CN=middle\" ended at"));
        assertThat(
                        problems(
                                new SiteCertificate(
                                                Set.of(), List.of(), now.minus(Duration.ofDays(1)))
                                        .check(chain, text("server.key"), Optional.empty())))
                .anyMatch(problem -> problem.contains("check the clock"));
    }

    @Test
    void whatEndsSoonOrIsForOthersIsWarnedOf() {
        SiteCertificate strict =
                new SiteCertificate(
                        Set.of(),
                        List.of("gpu.example.com", "a.lab.example.com", "10.0.0.1", "10.0.0.2"),
                        now.plus(Duration.ofDays(20)));
        issue("soon", "root", SERVER, "rsa:2048", "25");
        SiteCheck.Usable usable =
                usable(
                        strict.check(
                                text("soon.crt") + text("root.crt"),
                                text("soon.key"),
                                Optional.empty()));
        assertThat(usable.warnings())
                .hasSize(2)
                .anyMatch(warning -> warning.contains("less than 30 days"))
                .anyMatch(warning -> warning.contains("not for 10.0.0.2 but for"));
    }

    @Test
    void aCertificateForClientsIsRefused() {
        issue("client", "root", "extendedKeyUsage=clientAuth\n", "rsa:2048", "90");
        assertThat(problems(check(text("client.crt") + text("root.crt"), "client")))
                .singleElement()
                .asString()
                .contains("clientAuth")
                .contains("serverAuth");
    }

    @Test
    void weakKeysAndSignaturesAreRefused() {
        issue("weak", "root", SERVER, "rsa:1024 -sha256", "90");
        assertThat(problems(check(text("weak.crt") + text("root.crt"), "weak")))
                .singleElement()
                .asString()
                .contains("RSA key of 1024 bits");
    }

    @Test
    void aCertificateThatSignedItselfIsUsableWithAWarning() {
        assertThat(usable(check(text("root.crt"), "root")).warnings())
                .anyMatch(warning -> warning.contains("signed by itself"));
    }

    @Test
    void aKeyUnderAPassphraseIsReadWithIt() {
        OpenSsl.output(
                folder,
                "pkcs8",
                "-topk8",
                "-v2",
                "aes-256-cbc",
                "-in",
                "server.key",
                "-out",
                "sealed.key",
                "-passout",
                "pass:secret words");
        String chain = text("server.crt") + text("middle.crt") + text("root.crt");
        SiteCertificate check = new SiteCertificate(Set.of(), List.of(), now);
        usable(check.check(chain, text("sealed.key"), Optional.of("secret words".toCharArray())));
        assertThat(problems(check.check(chain, text("sealed.key"), Optional.empty())))
                .singleElement()
                .asString()
                .contains("passphrase");
    }

    @Test
    void nonsenseIsRefusedWithAMessage() {
        assertThat(problems(check("nonsense", "server")))
                .singleElement()
                .asString()
                .contains("PEM");
    }

    @Test
    void theSystemHasRoots() {
        assertThat(SiteCertificate.systemRoots()).isNotEmpty();
    }

    private SiteCheck check(String chain, String key) {
        String keyText =
                key.equals("other-key")
                        ? PrivateKeys.write(PrivateKeys.generate().getPrivate())
                        : text(key + ".key");
        return new SiteCertificate(Set.of(), List.of(), now)
                .check(chain, keyText, Optional.empty());
    }

    private void issue(String name, String issuer, String extensions, String key, String days) {
        OpenSsl.write(folder, "extensions", extensions);
        List<String> request = new ArrayList<>(List.of("req", "-newkey"));
        request.addAll(List.of(key.split(" ")));
        request.addAll(
                List.of(
                        "-nodes",
                        "-keyout",
                        name + ".key",
                        "-out",
                        name + ".csr",
                        "-subj",
                        "/CN=" + name));
        OpenSsl.output(folder, request.toArray(String[]::new));
        OpenSsl.output(
                folder,
                "x509",
                "-req",
                "-in",
                name + ".csr",
                "-CA",
                issuer + ".crt",
                "-CAkey",
                issuer + ".key",
                "-CAcreateserial",
                "-out",
                name + ".crt",
                "-days",
                days,
                "-extfile",
                "extensions");
    }

    private String text(String name) {
        try {
            return Files.readString(folder.resolve(name));
        } catch (IOException exception) {
            throw new AssertionError(exception);
        }
    }

    private static SiteCheck.Usable usable(SiteCheck check) {
        assertThat(check).isInstanceOf(SiteCheck.Usable.class);
        return (SiteCheck.Usable) check;
    }

    private static List<String> problems(SiteCheck check) {
        assertThat(check).isInstanceOf(SiteCheck.Unusable.class);
        return ((SiteCheck.Unusable) check).problems();
    }
}
