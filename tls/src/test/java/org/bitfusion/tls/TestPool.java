package org.bitfusion.tls;

import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.bitfusion.tls.authority.ApplianceSubject;
import org.bitfusion.tls.authority.CertificateAuthority;
import org.bitfusion.tls.authority.ClientSubject;
import org.bitfusion.tls.authority.Lifetimes;
import org.bitfusion.tls.authority.PoolKey;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.request.CertificateRequest;
import org.bitfusion.tls.store.MemoryRecordStore;
import org.bitfusion.tls.store.RecordStore;

/// A pool with its authority in memory, made at the time of the test, which `openssl` judges by
/// too.
public final class TestPool {
    public final Instant now = Instant.now();
    public final RecordStore store = new MemoryRecordStore();
    public final PoolKey poolKey = PoolKey.generate();
    public final CertificateAuthority authority =
            CertificateAuthority.create(store, poolKey, Lifetimes.DEFAULT, now);

    public Identity client() {
        return client(UUID.randomUUID(), "client-1", now);
    }

    public Identity client(UUID id, String name, Instant at) {
        KeyPair pair = PrivateKeys.generate();
        return new Identity(
                pair.getPrivate(),
                authority.issueClient(new ClientSubject(id, name), request(pair), at));
    }

    public Identity appliance() {
        return appliance(UUID.randomUUID(), now, "127.0.0.1", "::1");
    }

    public Identity appliance(UUID id, Instant at, String... addresses) {
        KeyPair pair = PrivateKeys.generate();
        return new Identity(
                pair.getPrivate(),
                authority.issueAppliance(
                        new ApplianceSubject(
                                id, "gpu-1.example.com", List.of("localhost"), List.of(addresses)),
                        request(pair),
                        at));
    }

    public static CertificateRequest request(KeyPair pair) {
        return CertificateRequest.parse(CertificateRequest.write(pair, "anything"));
    }

    /// Longer than a certificate lasts.
    public static final Duration TOO_LONG = Duration.ofDays(366);
}
