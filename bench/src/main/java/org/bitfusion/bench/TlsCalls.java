package org.bitfusion.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Instant;
import java.util.ArrayList;
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

/// The client program over TLS, in a lease of `bitfusion run`, beside the network program over
/// OpenSSL.
final class TlsCalls implements AutoCloseable {
    private static final String HOST = "127.0.0.1";
    private static final double TO_MILLISECONDS = 1e3;

    private final BenchAppliance appliance;
    private final Dialogue client;
    private final Dialogue network;
    private final Probe opening;

    TlsCalls(Path distribution, Path programs, Path folder) throws IOException {
        CertificateAuthority authority =
                CertificateAuthority.create(
                        new MemoryRecordStore(),
                        PoolKey.generate(),
                        Lifetimes.DEFAULT,
                        Instant.now());
        KeyPair ours = PrivateKeys.generate();
        ApplianceSubject subject =
                new ApplianceSubject(UUID.randomUUID(), "bench", List.of(), List.of(HOST));
        Path server =
                write(
                        folder.resolve("server"),
                        "appliance.pem",
                        authority,
                        new Identity(
                                ours.getPrivate(),
                                authority.issueAppliance(subject, request(ours), Instant.now())));
        KeyPair theirs = PrivateKeys.generate();
        ClientSubject user = new ClientSubject(UUID.randomUUID(), "bench");
        write(
                folder.resolve("home/.bitfusion/tls"),
                "client.pem",
                authority,
                new Identity(
                        theirs.getPrivate(),
                        authority.issueClient(user, request(theirs), Instant.now())));
        appliance =
                new BenchAppliance(
                        distribution,
                        folder.resolve("appliance"),
                        Map.of("BF_TLS_FOLDER", server.toString(), "BF_LISTEN", HOST));
        List<String> command =
                new ArrayList<>(appliance.runCommand(programs.resolve("client").toString()));
        command.add(2, "-q");
        command.addAll(3, List.of("-p", "0.5"));
        client =
                new Dialogue(
                        command,
                        Map.of("HOME", folder.resolve("home").toString(), "BF_TLS", "always"));
        List<String> once =
                new ArrayList<>(
                        appliance.runCommand(programs.resolve("client").toString(), "open"));
        once.add(2, "-q");
        once.addAll(3, List.of("-m", "64"));
        opening =
                Commands.printed(
                        once,
                        Map.of("HOME", folder.resolve("home").toString(), "BF_TLS", "always"),
                        TO_MILLISECONDS);
        network = new Dialogue(List.of(programs.resolve("network-tls").toString()), Map.of());
    }

    private static CertificateRequest request(KeyPair pair) {
        return CertificateRequest.parse(CertificateRequest.write(pair, "bench"));
    }

    private static Path write(
            Path folder, String name, CertificateAuthority authority, Identity identity)
            throws IOException {
        Files.createDirectories(folder);
        identity.writeFile(folder.resolve(name));
        Certificates.writeFile(folder.resolve("ca.crt"), List.of(authority.root()));
        return folder;
    }

    /// In the program's own units.
    double measured(String word) throws IOException {
        return client.ask(word);
    }

    /// Milliseconds in which a program opens its session, in a lease of its own.
    double opened() throws IOException, InterruptedException {
        return opening.measure();
    }

    double plain(String word) throws IOException {
        return network.ask(word);
    }

    @Override
    public void close() throws IOException {
        client.close();
        network.close();
        appliance.close();
    }
}
