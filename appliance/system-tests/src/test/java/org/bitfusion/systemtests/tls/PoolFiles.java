package org.bitfusion.systemtests.tls;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.bitfusion.systemtests.Repository;
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

/// A pool's authority, and the files that its members have.
public final class PoolFiles {
    private final CertificateAuthority authority =
            CertificateAuthority.create(
                    new MemoryRecordStore(), PoolKey.generate(), Lifetimes.DEFAULT, Instant.now());
    private final Path folder;

    public PoolFiles() {
        try {
            folder =
                    Files.createTempDirectory(Files.createDirectories(Repository.target()), "pool");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static CertificateRequest request(KeyPair pair) {
        return CertificateRequest.parse(CertificateRequest.write(pair, "test"));
    }

    /// A folder for `BF_TLS_FOLDER`.
    public Path appliance(String... addresses) {
        KeyPair pair = PrivateKeys.generate();
        ApplianceSubject subject =
                new ApplianceSubject(
                        UUID.randomUUID(), "gpu-1.example.com", List.of(), List.of(addresses));
        return write(
                folder.resolve("appliance-" + subject.id()),
                "appliance.pem",
                new Identity(
                        pair.getPrivate(),
                        authority.issueAppliance(subject, request(pair), Instant.now())));
    }

    /// Settings of an appliance of the pool that listens on 127.0.0.1.
    ///
    /// @param address that its certificate names
    public Map<String, String> settings(String address) {
        return Map.of("BF_TLS_FOLDER", appliance(address).toString(), "BF_LISTEN", "127.0.0.1");
    }

    /// A user's home of an enrolled client.
    public Path client() {
        KeyPair pair = PrivateKeys.generate();
        ClientSubject subject = new ClientSubject(UUID.randomUUID(), "client");
        Path home = folder.resolve("home-" + subject.id());
        write(
                home.resolve(".bitfusion/tls"),
                "client.pem",
                new Identity(
                        pair.getPrivate(),
                        authority.issueClient(subject, request(pair), Instant.now())));
        return home;
    }

    /// The pool's certificate.
    Path root() {
        Path file = folder.resolve("ca.crt");
        Certificates.writeFile(file, List.of(authority.root()));
        return file;
    }

    private Path write(Path into, String name, Identity identity) {
        try {
            Files.createDirectories(into);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        identity.writeFile(into.resolve(name));
        Certificates.writeFile(into.resolve("ca.crt"), List.of(authority.root()));
        return into;
    }
}
