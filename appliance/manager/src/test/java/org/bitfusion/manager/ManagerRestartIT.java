package org.bitfusion.manager;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import javax.net.ssl.SSLSocket;
import org.awaitility.Awaitility;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.cluster.store.ZooKeeperRecordStore;
import org.bitfusion.manager.member.Peers;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.authority.ApplianceSubject;
import org.bitfusion.tls.authority.CertificateAuthority;
import org.bitfusion.tls.authority.Lifetimes;
import org.bitfusion.tls.authority.PoolKey;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.CertificateDescription;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.request.CertificateRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// An appliance that is stopped, killed and started again.
class ManagerRestartIT {
    @TempDir Path folder = Path.of("/nowhere");

    @Test
    void aRestartKeepsEverythingAndLeavesNoProcess() throws Exception {
        TestManager first = TestManager.start(folder.resolve("one"), "127.0.0.4");
        Enrolled enrolled;
        JsonNode pool;
        String token;
        List<ProcessHandle> started;
        try (first) {
            enrolled = Enrolled.by(first, "laptop");
            pool = first.asRoot(200, "GET", "/pool", null);
            token =
                    first.asRoot(201, "POST", "/tokens", Map.of("description", "kept"))
                            .path("id")
                            .asString();
            first.asRoot(200, "PATCH", "/settings", Map.of("priority", 7));
            started = first.processes();
            first.kill();
            awaitEnd(started);
        }
        Identity longAgo;
        TestManager second = first.startAgain("--addresses", "127.0.0.4,127.0.0.44");
        try (second) {
            assertLeases(second, enrolled);
            assertSame(second, pool, token, enrolled);
            showsSoon(second, certificate -> names(certificate, "127.0.0.44"));
            longAgo = ofLongAgo(second);
            started = second.processes();
            endsAtOnceThoughSomebodyWaits(second, enrolled);
            awaitEnd(started);
        }
        longAgo.writeFile(first.folder().resolve("tls/appliance.pem"));
        try (TestManager third = first.startAgain()) {
            showsSoon(
                    third,
                    certificate ->
                            certificate.getNotBefore().toInstant().isAfter(longAgo())
                                    && names(certificate, "127.0.0.4"));
            assertSame(third, pool, token, enrolled);
        }
    }

    /// On the port of the manager and that of ZooKeeper, whose process lives on.
    private static void showsSoon(TestManager manager, Predicate<X509Certificate> wanted) {
        PoolTrust trust =
                PoolTrust.ofClient(
                        Certificates.readFile(manager.folder().resolve("tls/ca.crt")),
                        InstantSource.system());
        Awaitility.await()
                .atMost(Duration.ofMinutes(1))
                .untilAsserted(() -> {
                    TlsContext context = TlsContext.client(Optional.of(manager::identity), trust);
                    for (int port : List.of(manager.ports().control(), manager.ports().client())) {
                        try (SSLSocket socket =
                                (SSLSocket)
                                        context.context()
                                                .getSocketFactory()
                                                .createSocket(manager.address(), port)) {
                            socket.setSSLParameters(context.parameters());
                            assertThat(socket.getSession().getPeerCertificates()[0])
                                    .isInstanceOfSatisfying(
                                            X509Certificate.class,
                                            shown -> assertThat(shown).matches(wanted));
                        }
                    }
                });
    }

    private static boolean names(X509Certificate certificate, String address) {
        return CertificateDescription.of(certificate).toString().contains(address);
    }

    private static Instant longAgo() {
        return Instant.now().minus(Duration.ofDays(250));
    }

    /// The appliance's identity as it would be, had it been issued so long ago that it is to be
    /// renewed, and lasts for some months more.
    private static Identity ofLongAgo(TestManager manager) {
        PeerIdentity own = PeerIdentity.of(manager.identity().certificate()).orElseThrow();
        try (PoolConnection connection = manager.zookeeper(own.id())) {
            CertificateAuthority authority =
                    CertificateAuthority.open(
                            new ZooKeeperRecordStore(connection),
                            PoolKey.readFile(manager.folder().resolve("tls/pool.key")),
                            Lifetimes.DEFAULT);
            KeyPair pair = PrivateKeys.generate();
            return new Identity(
                    pair.getPrivate(),
                    authority.issueAppliance(
                            new ApplianceSubject(
                                    own.id(),
                                    own.name(),
                                    List.of("localhost"),
                                    List.of("127.0.0.4", "127.0.0.44", "127.0.0.1")),
                            CertificateRequest.parse(CertificateRequest.write(pair, own.name())),
                            longAgo()));
        }
    }

    private static void assertSame(
            TestManager manager, JsonNode pool, String token, Enrolled enrolled) throws Exception {
        Awaitility.await()
                .atMost(Duration.ofMinutes(1))
                .ignoreExceptions()
                .untilAsserted(() -> {
                    try (Peers client = manager.client(enrolled.identity())) {
                        assertThat(TestManager.json(manager.ask(client, "GET", "/pool", null)))
                                .isEqualTo(pool);
                    }
                });
        assertThat(manager.asRoot(200, "GET", "/tokens/" + token, null).path("description"))
                .hasToString("\"kept\"");
        assertThat(manager.asRoot(200, "GET", "/settings", null).path("priority").asInt())
                .isEqualTo(7);
        assertThat(manager.asRoot(200, "GET", "/clients", null).size()).isEqualTo(1);
        Awaitility.await()
                .atMost(Duration.ofMinutes(1))
                .untilAsserted(() ->
                        assertThat(
                                        manager.asRoot(200, "GET", "/servers", null)
                                                .path(0)
                                                .path("state")
                                                .asString(""))
                                .isEqualTo("available"));
    }

    private static void endsAtOnceThoughSomebodyWaits(TestManager manager, Enrolled enrolled)
            throws Exception {
        try (Peers client = manager.client(enrolled.identity());
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Map<String, Object> all = Map.of("id", UUID.randomUUID().toString(), "gpuCount", 2);
            Awaitility.await()
                    .atMost(Duration.ofMinutes(1))
                    .until(() ->
                            manager.ask(client, "POST", "/leases?waitSeconds=5", all).status()
                                    == 201);
            Map<String, Object> one = Map.of("id", UUID.randomUUID().toString(), "gpuCount", 1);
            // The second time there is nothing new to tell.
            assertThat(manager.ask(client, "POST", "/leases?waitSeconds=5", one).status())
                    .isEqualTo(202);
            var _ =
                    threads.submit(
                            () -> manager.ask(client, "POST", "/leases?waitSeconds=30", one));
            Awaitility.await()
                    .atMost(Duration.ofMinutes(1))
                    .until(() -> manager.asRoot(200, "GET", "/queue", null).size() == 1);
            Thread.sleep(500); // it is asked by now
            Instant began = Instant.now();
            manager.process().destroy();
            manager.awaitEnd();
            assertThat(Instant.now()).isBefore(began.plusSeconds(20));
        }
    }

    /// From the first moment on.
    private static void assertLeases(TestManager manager, Enrolled enrolled) throws Exception {
        String id = UUID.randomUUID().toString();
        try (Peers client = manager.client(enrolled.identity())) {
            Peers.Answer answer =
                    manager.ask(
                            client,
                            "POST",
                            "/leases?waitSeconds=20",
                            Map.of("id", id, "gpuCount", 1));
            assertThat(answer.status()).as(TestManager.text(answer)).isIn(201, 202);
            Awaitility.await()
                    .atMost(Duration.ofMinutes(1))
                    .until(() ->
                            manager.ask(client, "DELETE", "/leases/" + id, null).status() == 204);
        }
    }

    private static void awaitEnd(List<ProcessHandle> started) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> started.stream().noneMatch(ProcessHandle::isAlive));
    }

    @Test
    void withoutItsYamlItIsANewMemberAndNothingOfTheFormerIsLost() throws Exception {
        TestManager first = TestManager.start(folder.resolve("one"), "127.0.0.5");
        String former;
        try (first) {
            former = first.asRoot(200, "GET", "/pool", null).path("pool").asString();
        }
        Files.delete(first.folder().resolve("bitfusion-manager.yaml"));
        byte[] key = Files.readAllBytes(first.folder().resolve("tls/pool.key"));
        try (TestManager again = first.startAgain()) {
            assertThat(again.asRoot(200, "GET", "/pool", null).path("pool").asString())
                    .isNotEqualTo(former);
            try (var files = Files.list(again.folder())) {
                Path aside =
                        files.filter(file -> file.getFileName().toString().startsWith("former-"))
                                .findFirst()
                                .orElseThrow();
                assertThat(aside.resolve("pool.key")).hasBinaryContent(key);
            }
        }
    }

    @Test
    void aYamlThatMakesNoSenseIsNamedWithItsLine() throws Exception {
        Path other = Files.createDirectories(folder.resolve("other"));
        Path yaml = other.resolve("bitfusion-manager.yaml");
        Files.writeString(yaml, "port: 56001\nlisten: [\n");
        try (TestManager failed = TestManager.failing(other, "127.0.0.5")) {
            assertThat(failed.process().exitValue()).isEqualTo(69);
            assertThat(failed.log()).contains(yaml + ", line 3");
        }
        Files.writeString(yaml, "prot: 56001\n");
        try (TestManager failed = TestManager.failing(other, "127.0.0.5")) {
            assertThat(failed.log()).contains("prot").contains("expected: one of name, listen");
        }
    }
}
