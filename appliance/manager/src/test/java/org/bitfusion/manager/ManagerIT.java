package org.bitfusion.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.bitfusion.manager.member.Peers;
import org.bitfusion.protocol.cuda.CudaResult;
import org.bitfusion.tls.pem.PrivateKeys;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// One appliance that founded its pool.
class ManagerIT {
    private static final Map<String, String> NONE = Map.of();

    @TempDir static Path folder = Path.of("/nowhere");
    private static @Nullable TestManager started;

    @BeforeAll
    static void start() {
        started = TestManager.start(folder.resolve("one"), "127.0.0.2");
    }

    @AfterAll
    static void stop() {
        if (started != null) {
            started.close();
        }
    }

    private static TestManager manager() {
        return java.util.Objects.requireNonNull(started);
    }

    @Test
    void onlyTls13IsSpoken() throws Exception {
        assertThat(openssl("-tls1_2")).contains("alert protocol version");
        assertThat(openssl("-tls1_3")).contains("TLSv1.3").contains("Verify return code: 0 (ok)");
    }

    private static String openssl(String protocol) throws Exception {
        Process process =
                new ProcessBuilder(
                                "openssl",
                                "s_client",
                                protocol,
                                "-connect",
                                manager().authority(),
                                "-CAfile",
                                manager().folder().resolve("tls/ca.crt").toString())
                        .redirectErrorStream(true)
                        .start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return output;
    }

    @Test
    void withoutACertificateOnlyEnrolmentIsAnswered() throws Exception {
        try (Peers nobody = manager().client(null)) {
            JsonNode paths = manager().asRoot(200, "GET", "/openapi.json", null).path("paths");
            assertThat(paths.size()).isGreaterThan(12);
            for (String path : paths.propertyNames()) {
                String shown = path.substring("/api/v1".length()).replaceAll("\\{[^}]*}", "x");
                for (String method : List.of("GET", "POST", "PATCH", "DELETE", "PUT")) {
                    int status = manager().ask(nobody, method, shown, NONE).status();
                    if (shown.startsWith("/enrolment/")) {
                        assertThat(status).as(method + " " + path).isIn(400, 403, 405);
                    } else {
                        assertThat(status).as(method + " " + path).isEqualTo(401);
                    }
                }
            }
            assertThat(manager().ask(nobody, "GET", "/openapi.json", null).status()).isEqualTo(401);
            assertThat(manager().ask(nobody, "GET", "/enrolment/../pool", null).status())
                    .isIn(400, 401);
            assertThat(manager().ask(nobody, "GET", "/enrolment/%2e%2e/pool", null).status())
                    .isIn(400, 401, 404);
        }
    }

    @Test
    void aTokenEnrolsAClientThatSeesTheServers() throws Exception {
        Enrolled enrolled = Enrolled.by(manager(), "laptop");
        try (Peers client = manager().client(enrolled.identity())) {
            Awaitility.await()
                    .atMost(60, TimeUnit.SECONDS)
                    .until(() ->
                            !TestManager.json(manager().ask(client, "GET", "/servers", null))
                                    .isEmpty());
            JsonNode server =
                    TestManager.json(manager().ask(client, "GET", "/servers", null)).get(0);
            assertThat(server.path("state").asString()).isEqualTo("available");
            assertThat(server.path("controlPort").asInt()).isEqualTo(manager().ports().control());
            assertThat(server.path("dispatcherPort").asInt())
                    .isEqualTo(manager().ports().dispatcher());
            assertThat(server.path("addresses").get(0).asString()).isEqualTo("127.0.0.2");
            assertThat(server.path("gpus").size()).isEqualTo(2);
            assertThat(server.path("gpus").get(0).path("freeMiB").asInt()).isEqualTo(256);
            JsonNode pool = TestManager.json(manager().ask(client, "GET", "/pool", null));
            assertThat(pool.path("majority").asBoolean()).isTrue();
            assertThat(pool.path("members").get(0).path("votes").asBoolean()).isTrue();
            assertThat(pool.path("leader").asString()).isEqualTo(server.path("id").asString());
            for (String forOthers : List.of("/tokens", "/clients", "/users", "/events")) {
                assertThat(manager().ask(client, "GET", forOthers, null).status())
                        .as(forOthers)
                        .isEqualTo(403);
            }
            assertThat(manager().ask(client, "GET", "/appliance/pool-key", null).status())
                    .isEqualTo(403);
            assertThat(manager().ask(client, "GET", "/nothing", null).status()).isEqualTo(404);
        }
    }

    @Test
    void aClientRenewsItsCertificate() throws Exception {
        Enrolled enrolled = Enrolled.by(manager(), "renewing");
        KeyPair next = PrivateKeys.generate();
        try (Peers client = manager().client(enrolled.identity())) {
            Peers.Answer answer =
                    manager()
                            .ask(
                                    client,
                                    "POST",
                                    "/renewal",
                                    Map.of(
                                            "request",
                                            org.bitfusion.tls.request.CertificateRequest.write(
                                                    next, "renewing")));
            assertThat(answer.status()).as(TestManager.text(answer)).isEqualTo(200);
            var chain =
                    org.bitfusion.tls.pem.Certificates.read(
                            TestManager.json(answer).path("certificates").asString());
            assertThat(org.bitfusion.tls.PeerIdentity.of(chain.getFirst()).orElseThrow().id())
                    .isEqualTo(enrolled.id());
        }
    }

    @Test
    void aTokenLivesAsItsAdministratorSays() {
        JsonNode made =
                manager().asRoot(201, "POST", "/tokens", Map.of("uses", 1, "description", "one"));
        String id = made.path("id").asString();
        assertThat(made.path("used").asInt()).isZero();
        String token = Enrolled.token(manager().download(id));

        manager().asRoot(200, "PATCH", "/tokens/" + id, Map.of("enabled", false));
        refused(token, 7403, "is disabled");
        manager().asRoot(200, "PATCH", "/tokens/" + id, Map.of("enabled", true));
        Peers.Answer enrolled = Enrolled.ask(manager(), token, PrivateKeys.generate(), "first");
        assertThat(enrolled.status()).isEqualTo(201);
        assertThat(manager().asRoot(200, "GET", "/tokens/" + id, null).path("used").asInt())
                .isEqualTo(1);
        refused(token, 7404, "as many as it may");
        manager()
                .asRoot(
                        200,
                        "PATCH",
                        "/tokens/" + id,
                        Map.of("expires", Instant.now().minusSeconds(1).toString()));
        refused(token, 7402, "Token expired at");
        manager().asRoot(204, "DELETE", "/tokens/" + id, null);
        refused(token, 7401, "is not known to this pool");
        manager().asRoot(404, "GET", "/tokens/" + id, null);
        assertThat(manager().log()).doesNotContain(token);
    }

    private static void refused(String token, int code, String why) {
        Peers.Answer answer = Enrolled.ask(manager(), token, PrivateKeys.generate(), "late");
        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.contentType()).startsWith("application/problem+json");
        JsonNode problem = TestManager.json(answer);
        assertThat(problem.path("detail").asString()).contains(why).contains("[BF-" + code);
        assertThat(problem.path("code").asInt()).isEqualTo(code);
    }

    @Test
    void aDisabledClientIsRefusedAndAnEnabledOneComesBack() throws Exception {
        Enrolled enrolled = Enrolled.by(manager(), "naughty");
        String path = "/clients/" + enrolled.id();
        try (Peers before = manager().client(enrolled.identity())) {
            assertThat(manager().ask(before, "GET", "/pool", null).status()).isEqualTo(200);
            String lease = lease(before);
            manager().asRoot(200, "PATCH", path, Map.of("state", "disabled", "gpuLimit", 3));
            assertThat(manager().asRoot(200, "GET", "/leases", null).toString())
                    .doesNotContain(lease);
            // The connection that is open still, and then any other.
            assertRefused(before);
            try (Peers after = manager().client(enrolled.identity())) {
                assertThatThrownBy(() -> manager().ask(after, "GET", "/pool", null))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("BF-73");
            }
        }
        JsonNode shown = manager().asRoot(200, "GET", path, null);
        assertThat(shown.path("state").asString()).isEqualTo("disabled");
        assertThat(shown.path("gpuLimit").asInt()).isEqualTo(3);
        manager().asRoot(200, "PATCH", path, Map.of("state", "enabled"));
        try (Peers again = manager().client(enrolled.identity())) {
            assertThat(manager().ask(again, "GET", "/pool", null).status()).isEqualTo(200);
        }
        manager().asRoot(204, "DELETE", path, null);
        manager().asRoot(404, "GET", path, null);
    }

    /// Limits and the line are the pool's: nobody goes past them.
    @Test
    void aDispatcherLeasesNothingToWhoAsksItDirectly() throws Exception {
        Enrolled enrolled = Enrolled.by(manager(), "impatient");
        assertThat(DirectRequest.status(manager(), enrolled.identity()))
                .isEqualTo(CudaResult.ERROR_NOT_PERMITTED);
        assertThat(manager().asRoot(200, "GET", "/leases", null).toString())
                .doesNotContain(enrolled.id().toString());
    }

    private static String lease(Peers client) {
        String id = java.util.UUID.randomUUID().toString();
        Awaitility.await()
                .atMost(60, TimeUnit.SECONDS)
                .until(() ->
                        manager()
                                        .ask(
                                                client,
                                                "POST",
                                                "/leases?waitSeconds=5",
                                                Map.of("id", id, "gpuCount", 1))
                                        .status()
                                == 201);
        assertThat(manager().asRoot(200, "GET", "/leases", null).toString()).contains(id);
        return id;
    }

    private static void assertRefused(Peers client) {
        try {
            Peers.Answer answer = manager().ask(client, "GET", "/pool", null);
            assertThat(answer.status()).isEqualTo(401);
            assertThat(TestManager.json(answer).path("code").asInt()).isEqualTo(7305);
        } catch (IOException exception) {
            assertThat(exception).hasMessageContaining("BF-73");
        }
    }

    @Test
    void administratorsLogInAndViewersChangeNothing() throws Exception {
        manager()
                .asRoot(
                        201,
                        "POST",
                        "/users",
                        Map.of(
                                "name", "ada",
                                "role", "admin",
                                "password", "correct horse battery"));
        manager()
                .asRoot(
                        201,
                        "POST",
                        "/users",
                        Map.of(
                                "name", "vic",
                                "role", "viewer",
                                "password", "staple wrong donkey"));
        manager().asRoot(409, "PATCH", "/users/ada", Map.of("role", "viewer"));
        try (Peers nobody = manager().client(null)) {
            assertThat(as(nobody, "ada", "correct horse battery", "GET", "/tokens", null))
                    .isEqualTo(200);
            assertThat(as(nobody, "ada", "wrong horse battery", "GET", "/tokens", null))
                    .isEqualTo(401);
            assertThat(as(nobody, "vic", "staple wrong donkey", "GET", "/clients", null))
                    .isEqualTo(200);
            assertThat(
                            as(
                                    nobody,
                                    "vic",
                                    "staple wrong donkey",
                                    "PATCH",
                                    "/settings",
                                    Map.of("priority", 1)))
                    .isEqualTo(403);
            assertThat(
                            as(
                                    nobody,
                                    "ada",
                                    "correct horse battery",
                                    "PATCH",
                                    "/settings",
                                    Map.of("priority", 1, "gpuLimit", 4)))
                    .isEqualTo(200);
        }
        assertThat(manager().asRoot(200, "GET", "/settings", null).path("gpuLimit").asInt())
                .isEqualTo(4);
        assertThat(manager().log())
                .doesNotContain("correct horse battery")
                .doesNotContain("staple wrong donkey");
        assertThat(manager().asRoot(200, "GET", "/events", null).toString())
                .contains("user-created")
                .contains("user ada");
    }

    private static int as(
            Peers client,
            String name,
            String password,
            String method,
            String path,
            @Nullable Object body)
            throws IOException {
        String credentials =
                Base64.getEncoder()
                        .encodeToString((name + ":" + password).getBytes(StandardCharsets.UTF_8));
        return manager()
                .ask(client, method, path, Map.of("Authorization", "Basic " + credentials), body)
                .status();
    }

    @Test
    void bodiesAndHeadersHaveLimits() throws Exception {
        try (Peers nobody = manager().client(null)) {
            Peers.Answer answer =
                    manager()
                            .ask(
                                    nobody,
                                    "POST",
                                    "/enrolment/clients",
                                    Map.of("token", "x".repeat(70_000)));
            assertThat(answer.status()).isEqualTo(413);
        }
        assertThat(
                        manager()
                                .raw(
                                        "POST /api/v1/enrolment/clients HTTP/1.1\r\nHost: x\r\n"
                                                + "Content-Type: application/json\r\n"
                                                + "Transfer-Encoding: chunked\r\n\r\n"
                                                + ("1000\r\n" + " ".repeat(4096) + "\r\n")
                                                        .repeat(17)
                                                + "0\r\n\r\n"))
                .contains(" 413 ");
        assertThat(
                        manager()
                                .raw(
                                        "GET /api/v1/pool HTTP/1.1\r\nHost: x\r\nX: "
                                                + "y".repeat(20_000)
                                                + "\r\n\r\n"))
                .contains(" 400 ");
    }

    /// As many as the port takes, from the place where a client is, too.
    @Test
    void strangersWhoSayNothingKeepNobodyOut() throws Exception {
        Enrolled enrolled = Enrolled.by(manager(), "among-strangers");
        List<SocketChannel> strangers = new ArrayList<>();
        try (Peers known = manager().client(enrolled.identity());
                Peers late = manager().client(enrolled.identity())) {
            assertThat(manager().ask(known, "GET", "/pool", null).status()).isEqualTo(200);
            for (int number = 0; number < 2200; number++) {
                strangers.add(
                        SocketChannel.open(
                                new InetSocketAddress(
                                        manager().address(), manager().ports().control())));
            }
            Instant began = Instant.now();
            assertThat(manager().ask(known, "GET", "/pool", null).status()).isEqualTo(200);
            assertThat(manager().ask(late, "GET", "/pool", null).status()).isEqualTo(200);
            assertThat(Instant.now()).isBefore(began.plusSeconds(5));
            int open = 0;
            for (SocketChannel stranger : strangers) {
                stranger.configureBlocking(false);
                open += stranger.read(ByteBuffer.allocate(1)) == 0 ? 1 : 0;
            }
            assertThat(open).as("the others have made way").isBetween(1, 400);
        } finally {
            for (SocketChannel stranger : strangers) {
                stranger.close();
            }
        }
    }

    @Test
    void whoSaysNothingIsClosed() throws Exception {
        Instant began = Instant.now();
        assertThat(manager().raw("POST /api/v1/enrolment/clients HTTP/1.1\r\nHost: x\r\n"))
                .doesNotContain(" 200 ");
        assertThat(Instant.now()).isBefore(began.plusSeconds(40));
    }

    @Test
    void secretsArePrivateAndInNoLogAndNoProcessList() throws Exception {
        String token = manager().asRoot(201, "POST", "/tokens", Map.of()).path("id").asString();
        String secret = Enrolled.token(manager().download(token));
        List<String> secrets = new ArrayList<>(List.of(secret));
        for (String file : List.of("tls/pool.key", "tls/appliance.pem", "access.secret")) {
            Path path = manager().folder().resolve(file);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .as(file)
                    .isEqualTo("rw-------");
            secrets.add(
                    Files.readAllLines(path).stream()
                            .skip(file.contains("access") ? 0 : 1)
                            .findFirst()
                            .orElseThrow());
        }
        for (Path each : privateFiles()) {
            String text = Files.readString(each, StandardCharsets.ISO_8859_1);
            secrets.forEach(one -> assertThat(text).as(each.toString()).doesNotContain(one));
        }
        for (ProcessHandle each : manager().processes()) {
            String line =
                    Files.readString(
                            Path.of("/proc/" + each.pid() + "/cmdline"),
                            StandardCharsets.ISO_8859_1);
            secrets.forEach(one -> assertThat(line).doesNotContain(one));
        }
    }

    /// Logs, and everything else that others can read.
    private static List<Path> privateFiles() throws IOException {
        try (Stream<Path> files = Files.walk(manager().folder())) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> {
                        try {
                            return file.toString().endsWith("log")
                                    || Files.getPosixFilePermissions(file).size() > 2;
                        } catch (IOException _) {
                            return false; // it went meanwhile
                        }
                    })
                    .toList();
        }
    }

    @Test
    void anotherOnTheSamePortsSaysWhatIsWrong() {
        Path other = folder.resolve("other");
        try (TestManager second =
                TestManager.failing(
                        other,
                        "127.0.0.2",
                        "--dispatcher_port",
                        Integer.toString(manager().ports().dispatcher()))) {
            assertThat(second.process().exitValue()).isEqualTo(69);
            assertThat(second.log())
                    .contains("bitfusion manager: ")
                    .contains(Integer.toString(manager().ports().dispatcher()));
        }
    }

    @Test
    void aTokenForClientsLetsNoApplianceJoin() throws Exception {
        String token = manager().asRoot(201, "POST", "/tokens", Map.of()).path("id").asString();
        Path download = manager().download(token);
        try (TestManager refused =
                TestManager.failing(
                        folder.resolve("refused"), "127.0.0.3", "--join", download.toString())) {
            assertThat(refused.process().exitValue()).isEqualTo(69);
            assertThat(refused.log()).contains("[BF-7406]").contains("is for clients");
            assertThat(refused.log()).doesNotContain(Enrolled.token(download));
        }
        Files.setPosixFilePermissions(download, PosixFilePermissions.fromString("rw-r--r--"));
        try (TestManager refused =
                TestManager.failing(
                        folder.resolve("refused"), "127.0.0.3", "--join", download.toString())) {
            assertThat(refused.log()).contains("[BF-7101]").contains("chmod 600");
        }
    }
}
