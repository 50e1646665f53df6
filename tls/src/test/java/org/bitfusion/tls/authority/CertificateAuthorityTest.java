package org.bitfusion.tls.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.bitfusion.tls.OpenSsl;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.context.PeerRefused;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.CertificateDescription;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.request.CertificateRequest;
import org.bouncycastle.asn1.x509.GeneralName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateAuthorityTest {
    private final TestPool pool = new TestPool();

    @TempDir Path folder;

    @Test
    void opensslVerifiesAnApplianceAsServerAndAsClientUnderEveryName() {
        Identity appliance = pool.appliance(UUID.randomUUID(), pool.now, "10.0.0.1", "fd00::1");
        assertThat(verify(appliance, "-purpose", "sslserver", "-verify_ip", "10.0.0.1").code())
                .isZero();
        assertThat(verify(appliance, "-purpose", "sslserver", "-verify_ip", "fd00::1").code())
                .isZero();
        assertThat(
                        verify(
                                        appliance,
                                        "-purpose",
                                        "sslserver",
                                        "-verify_hostname",
                                        "gpu-1.example.com")
                                .code())
                .isZero();
        assertThat(verify(appliance, "-purpose", "sslclient").code()).isZero();
        assertThat(verify(appliance, "-purpose", "sslserver", "-verify_ip", "10.0.0.2").output())
                .contains("IP address mismatch");
    }

    @Test
    void opensslVerifiesAClientAsClientOnly() {
        Identity client = pool.client();
        assertThat(verify(client, "-purpose", "sslclient").code()).isZero();
        assertThat(verify(client, "-purpose", "sslserver").code()).isNotZero();
    }

    /// Who stole the intermediate for clients can make no server.
    @Test
    void opensslTakesNoServerFromTheIntermediateForClients() {
        AuthorityRecord record = record(pool);
        KeyPair pair = PrivateKeys.generate();
        X509Certificate forged =
                new CertificateWriter(pool.authority.pool())
                        .peer(
                                new CertificateWriter.Subject(
                                        PeerRole.APPLIANCE,
                                        "gpu-1",
                                        List.of(
                                                new GeneralName(GeneralName.dNSName, "gpu-1"),
                                                new GeneralName(
                                                        GeneralName.uniformResourceIdentifier,
                                                        PeerIdentity.uri(
                                                                pool.authority.pool(),
                                                                PeerRole.APPLIANCE,
                                                                UUID.randomUUID())))),
                                pair.getPublic(),
                                record.clients(),
                                new CertificateWriter.Validity(
                                        pool.now.minusSeconds(60), pool.now.plusSeconds(60)));
        Identity server =
                new Identity(pair.getPrivate(), List.of(forged, record.clients().certificate()));
        assertThat(verify(server, "-purpose", "sslserver").code()).isNotZero();
        assertThat(verify(server, "-purpose", "sslclient").code()).isZero();
        PoolTrust trust =
                PoolTrust.ofClient(List.of(pool.authority.root()), InstantSource.fixed(pool.now));
        assertThatThrownBy(() -> trust.check(server.chain(), Set.of(PeerRole.APPLIANCE)))
                .isInstanceOf(PeerRefused.class)
                .hasMessageContaining("does not say what its holder is");
    }

    @Test
    void opensslReadsWhatACertificateSays() {
        UUID id = UUID.randomUUID();
        OpenSsl.write(
                folder, "cert", Certificates.write(pool.client(id, "build-7", pool.now).chain()));
        assertThat(OpenSsl.output(folder, "x509", "-in", "cert", "-noout", "-text"))
                .contains("CN = build-7")
                .contains("URI:bitfusion://" + pool.authority.pool() + "/client/" + id)
                .contains("TLS Web Client Authentication")
                .doesNotContain("TLS Web Server Authentication")
                .contains("CA:FALSE")
                .contains("NIST CURVE: P-256");
    }

    @Test
    void aDescriptionSaysWhatOpensslSays() {
        Identity appliance = pool.appliance();
        OpenSsl.write(folder, "cert", Certificates.write(appliance.chain()));
        CertificateDescription description = CertificateDescription.of(appliance.certificate());
        assertThat(
                        OpenSsl.output(
                                folder, "x509", "-in", "cert", "-noout", "-fingerprint", "-sha256"))
                .contains(description.fingerprint());
        assertThat(description.alternativeNames())
                .contains("DNS:gpu-1.example.com", "DNS:localhost", "IP:127.0.0.1");
        assertThat(description.usages()).containsExactly("serverAuth", "clientAuth");
        assertThat(description.text())
                .contains("Key:         EC P-256")
                .contains("Valid until: " + description.notAfter());
    }

    @Test
    void whatARequestAsksForCountsForNothing() throws IOException {
        OpenSsl.output(
                folder,
                ("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out request"
                                + " -subj /CN=admin/O=evil"
                                + " -addext basicConstraints=critical,CA:TRUE"
                                + " -addext extendedKeyUsage=serverAuth"
                                + " -addext subjectAltName=DNS:vcenter")
                        .split(" "));
        CertificateRequest request =
                CertificateRequest.parse(Files.readString(folder.resolve("request")));
        X509Certificate certificate =
                pool.authority
                        .issueClient(
                                new ClientSubject(UUID.randomUUID(), "client-1"), request, pool.now)
                        .getFirst();
        CertificateDescription description = CertificateDescription.of(certificate);
        assertThat(description.subject()).contains("CN=client-1").doesNotContain("evil");
        assertThat(description.usages()).containsExactly("clientAuth");
        assertThat(description.alternativeNames()).noneMatch(name -> name.startsWith("DNS:"));
        assertThat(certificate.getBasicConstraints()).isEqualTo(-1);
    }

    @Test
    void whoACertificateIsForIsReadBack() {
        UUID id = UUID.randomUUID();
        PeerIdentity peer =
                PeerIdentity.of(pool.client(id, "build-7", pool.now).certificate()).orElseThrow();
        assertThat(peer.role()).isEqualTo(PeerRole.CLIENT);
        assertThat(peer.id()).isEqualTo(id);
        assertThat(peer.name()).isEqualTo("build-7");
        assertThat(peer.pool()).isEqualTo(pool.authority.pool());
    }

    @Test
    void serialNumbersDoNotRepeatAndHave16Bytes() {
        Set<BigInteger> serials = new HashSet<>();
        for (int number = 0; number < 20; number++) {
            BigInteger serial = pool.client().certificate().getSerialNumber();
            assertThat(serial.bitLength()).isEqualTo(127);
            assertThat(serials.add(serial)).isTrue();
        }
    }

    @Test
    void aCertificateBeginsALittleEarlierThanItIsIssued() {
        assertThat(pool.client().certificate().getNotBefore().toInstant())
                .isBetween(pool.now.minusSeconds(301), pool.now.minusSeconds(299));
    }

    @Test
    void noCertificateOutlivesItsIntermediate() {
        X509Certificate intermediate = pool.client().chain().get(1);
        Instant end = intermediate.getNotAfter().toInstant();
        Identity late = pool.client(UUID.randomUUID(), "late", end.minus(Duration.ofDays(1)));
        assertThat(late.certificate().getNotAfter()).isEqualTo(intermediate.getNotAfter());
        assertThatThrownBy(() -> pool.client(UUID.randomUUID(), "late", end))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("bring the root key back");
    }

    @Test
    void anotherApplianceWithThePoolKeyIssuesWhenTheFirstIsDead() {
        CertificateAuthority other =
                CertificateAuthority.open(pool.store, pool.poolKey, Lifetimes.DEFAULT);
        KeyPair pair = PrivateKeys.generate();
        Identity client =
                new Identity(
                        pair.getPrivate(),
                        other.issueClient(
                                new ClientSubject(UUID.randomUUID(), "client-2"),
                                TestPool.request(pair),
                                pool.now));
        assertThat(verify(client, "-purpose", "sslclient").code()).isZero();
        assertThat(client.chain().get(1)).isEqualTo(pool.client().chain().get(1));
    }

    @Test
    void aPoolHasOneAuthority() {
        assertThatThrownBy(() ->
                        CertificateAuthority.create(
                                pool.store, pool.poolKey, Lifetimes.DEFAULT, pool.now))
                .isInstanceOf(TlsException.class)
                .hasMessageStartingWith(TlsError.AUTHORITY_EXISTS.tag());
    }

    @Test
    void oldIntermediatesAreReplacedInTimeAndTheirPeersStayGood() {
        Identity before = pool.client();
        Instant due =
                ((IntermediateRenewal.NotDue) pool.authority.renewIntermediates(pool.now)).dueAt();
        assertThat(due).isBefore(before.chain().get(1).getNotAfter().toInstant());
        assertThat(pool.authority.renewIntermediates(due))
                .isEqualTo(new IntermediateRenewal.Renewed(2));
        Identity after = pool.client(UUID.randomUUID(), "after", due);
        assertThat(after.chain().get(1).getSubjectX500Principal().getName()).contains("clients 2");
        assertThat(verify(before, "-purpose", "sslclient").code()).isZero();
        assertThat(
                        verify(after, "-purpose", "sslclient", "-attime", "" + due.getEpochSecond())
                                .code())
                .isZero();
    }

    @Test
    void anApplianceThatDidNotRenewTheIntermediatesLearnsOfIt() {
        CertificateAuthority other =
                CertificateAuthority.open(pool.store, pool.poolKey, Lifetimes.DEFAULT);
        Instant due = ((IntermediateRenewal.NotDue) other.renewIntermediates(pool.now)).dueAt();
        pool.authority.renewIntermediates(due);
        assertThat(other.renewIntermediates(due)).isInstanceOf(IntermediateRenewal.NotDue.class);
        KeyPair pair = PrivateKeys.generate();
        List<X509Certificate> chain =
                other.issueClient(
                        new ClientSubject(UUID.randomUUID(), "x"), TestPool.request(pair), due);
        assertThat(chain.get(1).getSubjectX500Principal().getName()).contains("clients 2");
    }

    @Test
    void theRootKeyCanBeTakenOfflineAndIsNeededForNewIntermediatesOnly() {
        char[] passphrase = "kept in a safe".toCharArray();
        String exported = pool.authority.exportRootKey(passphrase);
        pool.authority.takeRootKeyOffline(exported, passphrase);
        assertThat(pool.authority.holdsRootKey()).isFalse();
        assertThat(verify(pool.client(), "-purpose", "sslclient").code()).isZero();
        Instant due =
                ((IntermediateRenewal.NotDue) pool.authority.renewIntermediates(pool.now)).dueAt();
        assertThat(pool.authority.renewIntermediates(due))
                .isInstanceOf(IntermediateRenewal.RootKeyOffline.class);
        pool.authority.bringRootKeyBack(exported, passphrase);
        assertThat(pool.authority.renewIntermediates(due))
                .isInstanceOf(IntermediateRenewal.Renewed.class);
    }

    @Test
    void anotherPoolsRootKeyIsNotTaken() {
        char[] passphrase = "kept in a safe".toCharArray();
        String foreign = new TestPool().authority.exportRootKey(passphrase);
        assertThatThrownBy(() -> pool.authority.takeRootKeyOffline(foreign, passphrase))
                .isInstanceOf(TlsException.class)
                .hasMessageStartingWith(TlsError.ROOT_KEY_WRONG.tag());
        assertThat(pool.authority.holdsRootKey()).isTrue();
    }

    @Test
    void namesAndAddressesThatAreNoneAreRefused() {
        for (String name : List.of("", "a b", "-x", "x".repeat(65), "a\nb", "ä", "*")) {
            assertThatThrownBy(() -> new ClientSubject(UUID.randomUUID(), name))
                    .as(name)
                    .isInstanceOf(TlsException.class)
                    .hasMessageStartingWith(TlsError.NAME_UNACCEPTABLE.tag());
        }
        for (String address : List.of("", "host", "1.2.3", "10.0.0.1/24", "fe80::1%eth0")) {
            assertThatThrownBy(() ->
                            new ApplianceSubject(
                                    UUID.randomUUID(), "a", List.of(), List.of(address)))
                    .as(address)
                    .isInstanceOf(TlsException.class);
        }
    }

    private OpenSsl.Result verify(Identity identity, String... options) {
        OpenSsl.write(folder, "ca.crt", Certificates.write(List.of(pool.authority.root())));
        OpenSsl.write(
                folder,
                "rest",
                Certificates.write(identity.chain().subList(1, identity.chain().size())));
        OpenSsl.write(folder, "cert", Certificates.write(identity.chain().subList(0, 1)));
        List<String> arguments = new ArrayList<>(List.of("verify", "-x509_strict"));
        arguments.addAll(List.of(options));
        arguments.addAll(List.of("-CAfile", "ca.crt", "-untrusted", "rest", "cert"));
        return OpenSsl.run(folder, arguments.toArray(String[]::new));
    }

    private static AuthorityRecord record(TestPool pool) {
        return AuthorityRecord.decode(
                pool.store.read(AuthorityRecord.PLACE).orElseThrow(), pool.poolKey);
    }
}
