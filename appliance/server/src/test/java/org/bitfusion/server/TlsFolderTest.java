package org.bitfusion.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.bitfusion.tls.authority.ApplianceSubject;
import org.bitfusion.tls.authority.CertificateAuthority;
import org.bitfusion.tls.authority.ClientSubject;
import org.bitfusion.tls.authority.Lifetimes;
import org.bitfusion.tls.authority.PoolKey;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.request.CertificateRequest;
import org.bitfusion.tls.store.MemoryRecordStore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TlsFolderTest {
    private static final KeyPair PAIR = PrivateKeys.generate();

    private final Instant now = Instant.now();
    private final CertificateAuthority pool = pool(now);

    @TempDir Path folder;

    private static CertificateAuthority pool(Instant at) {
        return CertificateAuthority.create(
                new MemoryRecordStore(), PoolKey.generate(), Lifetimes.DEFAULT, at);
    }

    private static CertificateRequest request() {
        return CertificateRequest.parse(CertificateRequest.write(PAIR, "test"));
    }

    private static Identity appliance(CertificateAuthority of, Instant at) {
        ApplianceSubject subject =
                new ApplianceSubject(UUID.randomUUID(), "gpu-1", List.of(), List.of("127.0.0.1"));
        return new Identity(PAIR.getPrivate(), of.issueAppliance(subject, request(), at));
    }

    @BeforeEach
    void writeRoot() {
        Certificates.writeFile(folder.resolve("ca.crt"), List.of(pool.root()));
    }

    private boolean isRead(Identity identity) throws Exception {
        identity.writeFile(folder.resolve("appliance.pem"));
        return TlsFolder.read(Map.of("BF_TLS_FOLDER", folder.toString())).isPresent();
    }

    @Test
    void anAppliancesCertificateIsTaken() throws Exception {
        assertThat(isRead(appliance(pool, now))).isTrue();
    }

    @Test
    void aClientsCertificateIsRefused() {
        Identity client =
                new Identity(
                        PAIR.getPrivate(),
                        pool.issueClient(
                                new ClientSubject(UUID.randomUUID(), "client"), request(), now));
        assertThatThrownBy(() -> isRead(client))
                .isInstanceOf(Settings.SettingsException.class)
                .hasMessageContaining("appliance.pem is no appliance's of this pool")
                .hasMessageContaining("certificate of a client");
    }

    @Test
    void aCertificateOfAnotherPoolIsRefused() {
        assertThatThrownBy(() -> isRead(appliance(pool(now), now)))
                .isInstanceOf(Settings.SettingsException.class)
                .hasMessageContaining("appliance.pem is no appliance's of this pool");
    }

    /// The clock may be wrong, or a new one be on its way.
    @Test
    void aCertificateThatHasEndedIsTaken() throws Exception {
        Instant before = now.minus(Duration.ofDays(400));
        CertificateAuthority old = pool(before);
        Certificates.writeFile(folder.resolve("ca.crt"), List.of(old.root()));
        assertThat(isRead(appliance(old, before))).isTrue();
    }

    @Test
    void aRootThatAnybodyMayReplaceIsRefused() throws Exception {
        Files.setPosixFilePermissions(
                folder.resolve("ca.crt"), PosixFilePermissions.fromString("rw-rw-rw-"));
        assertThatThrownBy(() -> isRead(appliance(pool, now)))
                .isInstanceOf(Settings.SettingsException.class)
                .hasMessageContaining("chmod 644");
    }
}
