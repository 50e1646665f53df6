package org.bitfusion.manager;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.bitfusion.manager.member.Peers;
import org.bitfusion.tls.pem.PrivateKeys;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// A pool that grows to three appliances and shrinks, on loopback.
class JoiningIT {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir Path folder = Path.of("/nowhere");

    @Test
    @Timeout(600)
    void aPoolGrowsServesAnywhereAndShrinks() throws Exception {
        try (TestManager first = TestManager.start(folder.resolve("one"), "127.0.0.2");
                TestManager second = join(first, "two", "127.0.0.3")) {
            servesAtWhoHasNoPoolKey(first, second);
            try (TestManager third = join(first, "three", "127.0.0.4")) {
                whoVotesHasThePoolKey(first, List.of(second, third));
                goesOnWithoutTheFirst(first, second, third);
            }
        }
    }

    private TestManager join(TestManager member, String name, String address) {
        JsonNode token =
                member.asRoot(201, "POST", "/tokens", Map.of("purpose", "appliance", "uses", 1));
        Path download = member.download(token.path("id").asString());
        TestManager joined =
                TestManager.start(folder.resolve(name), address, "--join", download.toString());
        assertThat(joined.log()).contains("joined pool=");
        return joined;
    }

    /// Of two appliances one votes.
    private static void servesAtWhoHasNoPoolKey(TestManager first, TestManager second)
            throws Exception {
        awaitServers(second, 2, 2);
        JsonNode pool = second.asRoot(200, "GET", "/pool", null);
        assertThat(pool.path("pool"))
                .isEqualTo(first.asRoot(200, "GET", "/pool", null).path("pool"));
        assertThat(pool.path("members").size()).isEqualTo(2);
        assertThat(pool.path("members").get(1).path("votes").asBoolean()).isFalse();
        assertThat(second.folder().resolve("tls/pool.key")).doesNotExist();

        Enrolled enrolled = Enrolled.by(second, "at-the-second");
        assertThat(first.asRoot(200, "GET", "/clients", null).toString())
                .contains(enrolled.id().toString());
        whatIsPassedOnIsWhoseDeedItIs(first, second);
        leasesOverBoth(second, enrolled);
        leasesOverBoth(first, enrolled);
        aPoolKeyIsForNobodyWhoDoesNotVote(first, second);
    }

    private static void whatIsPassedOnIsWhoseDeedItIs(TestManager first, TestManager second)
            throws Exception {
        String password = "correct horse battery";
        first.asRoot(
                201,
                "POST",
                "/users",
                Map.of("name", "ada", "role", "admin", "password", password));
        String credentials =
                Base64.getEncoder()
                        .encodeToString(("ada:" + password).getBytes(StandardCharsets.UTF_8));
        try (Peers nobody = second.client(null)) {
            Peers.Answer answer =
                    second.ask(
                            nobody,
                            "POST",
                            "/tokens",
                            Map.of(
                                    "Authorization",
                                    "Basic " + credentials,
                                    "Bitfusion-Caller",
                                    "user eve"),
                            Map.of("description", "ada's"));
            assertThat(answer.status()).as(TestManager.text(answer)).isEqualTo(201);
            String id = TestManager.json(answer).path("id").asString();
            assertThat(first.asRoot(200, "GET", "/events", null).toString())
                    .contains(
                            "\"kind\":\"token-created\",\"by\":\"user ada\",\"text\":\"token " + id)
                    .doesNotContain("user eve");
        }
    }

    private static void aPoolKeyIsForNobodyWhoDoesNotVote(TestManager first, TestManager second)
            throws Exception {
        try (Peers peers = first.client(second.identity())) {
            assertThat(first.ask(peers, "GET", "/appliance/pool-key", null).status())
                    .isEqualTo(403);
        }
    }

    /// All four GPUs of both; who comes after waits until they are given back.
    private static void leasesOverBoth(TestManager manager, Enrolled enrolled) throws Exception {
        try (Peers client = manager.client(enrolled.identity())) {
            UUID id = UUID.randomUUID();
            JsonNode lease = granted(manager, client, ask(id, 4));
            assertThat(lease.path("id").asString()).isEqualTo(id.toString());
            assertThat(lease.path("secret").asString()).matches("[0-9a-f]{32}");
            assertThat(lease.path("parts").size()).isEqualTo(2);
            for (JsonNode part : lease.path("parts")) {
                assertThat(part.path("gpus").size()).isEqualTo(2);
                assertThat(part.path("dispatcherPort").asInt()).isPositive();
                assertThat(part.path("addresses").get(0).asString()).startsWith("127.0.0.");
            }
            assertThat(lease(manager, client, ask(id, 4), 0).body())
                    .as("asked again it is told the same")
                    .isNotEmpty();
            UUID later = UUID.randomUUID();
            Peers.Answer queued = lease(manager, client, ask(later, 1), 2);
            assertThat(queued.status()).as(TestManager.text(queued)).isEqualTo(202);
            assertThat(TestManager.json(queued).path("place").asInt()).isEqualTo(1);
            assertThat(manager.asRoot(200, "GET", "/queue", null).toString())
                    .contains(later.toString());
            assertThat(manager.asRoot(200, "GET", "/leases", null).toString())
                    .contains(id.toString());
            assertThat(manager.ask(client, "DELETE", "/leases/" + id, null).status())
                    .isEqualTo(204);
            Map<String, Object> again = ask(later, 1);
            again.put("ticket", TestManager.json(queued).path("ticket").asString());
            assertThat(granted(manager, client, again).path("parts").size()).isEqualTo(1);
            assertThat(manager.ask(client, "DELETE", "/leases/" + later, null).status())
                    .isEqualTo(204);
            assertThat(manager.ask(client, "DELETE", "/leases/" + later, null).status())
                    .isEqualTo(204);
            Peers.Answer refused = lease(manager, client, ask(UUID.randomUUID(), 64), 5);
            assertThat(refused.status()).isEqualTo(422);
            assertThat(TestManager.json(refused).path("code").asInt()).isEqualTo(122);
        }
    }

    private static Map<String, Object> ask(UUID id, int gpus) {
        return new HashMap<>(
                Map.of(
                        "id",
                        id.toString(),
                        "gpuCount",
                        gpus,
                        "share",
                        Map.of(),
                        "timeoutSeconds",
                        120,
                        "origin",
                        "run",
                        "user",
                        "tester",
                        "command",
                        "true"));
    }

    private static Peers.Answer lease(
            TestManager manager, Peers client, Map<String, Object> ask, int waitSeconds)
            throws Exception {
        return manager.ask(client, "POST", "/leases?waitSeconds=" + waitSeconds, ask);
    }

    private static JsonNode granted(TestManager manager, Peers client, Map<String, Object> ask) {
        return Awaitility.await()
                .atMost(PATIENCE)
                .until(
                        () -> {
                            Peers.Answer answer = lease(manager, client, ask, 5);
                            JsonNode body = TestManager.json(answer);
                            if (answer.status() == 202) {
                                ask.put("ticket", body.path("ticket").asString());
                            } else {
                                assertThat(answer.status()).as(body.toString()).isIn(201, 503);
                            }
                            return answer.status() == 201 ? body : TestManager.JSON.nullNode();
                        },
                        body -> !body.isNull());
    }

    /// Of three appliances three vote.
    private static void whoVotesHasThePoolKey(TestManager first, List<TestManager> others)
            throws Exception {
        byte[] key = Files.readAllBytes(first.folder().resolve("tls/pool.key"));
        for (TestManager other : others) {
            Path file = other.folder().resolve("tls/pool.key");
            Awaitility.await().atMost(PATIENCE).until(() -> Files.exists(file));
            assertThat(file).hasBinaryContent(key);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
            assertThat(other.log()).doesNotContain(Files.readAllLines(file).get(1));
        }
    }

    private static void goesOnWithoutTheFirst(
            TestManager first, TestManager second, TestManager third) throws Exception {
        awaitServers(third, 3, 3);
        String id =
                first.asRoot(200, "GET", "/pool", null)
                        .path("members")
                        .get(0)
                        .path("appliance")
                        .asString();
        first.asRoot(409, "DELETE", "/servers/" + id, null);
        Enrolled enrolled = Enrolled.by(third, "on-all-of-them");
        UUID lease = UUID.randomUUID();
        try (Peers client = third.client(enrolled.identity())) {
            // It lasts for minutes without its client.
            Map<String, Object> ask = ask(lease, 6);
            ask.put("origin", "request_gpus");
            assertThat(granted(third, client, ask).path("parts").size()).isEqualTo(3);
        }
        second.asRoot(409, "DELETE", "/servers/" + id, null);
        first.kill();
        String token =
                Awaitility.await()
                        .atMost(PATIENCE)
                        .ignoreExceptions()
                        .until(
                                () ->
                                        third.asRoot(201, "POST", "/tokens", Map.of())
                                                .path("id")
                                                .asString(),
                                made -> !made.isEmpty());
        KeyPair pair = PrivateKeys.generate();
        assertThat(
                        Enrolled.ask(
                                        second,
                                        Enrolled.token(third.download(token)),
                                        pair,
                                        "without-the-first")
                                .status())
                .isEqualTo(201);
        JsonNode pool = second.asRoot(200, "GET", "/pool", null);
        assertThat(pool.path("majority").asBoolean()).isTrue();
        assertThat(pool.path("members").get(0).path("reachable").asBoolean()).isFalse();
        awaitServers(second, 2, 3);
        second.asRoot(204, "DELETE", "/servers/" + id, null);
        keepsWhatTheOthersGive(second, lease, id);
        assertThat(second.asRoot(200, "GET", "/pool", null).path("members").size()).isEqualTo(2);
        awaitServers(third, 2, 2);
        try (Peers gone = third.client(first.identity())) {
            Awaitility.await()
                    .atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(isRefused(third, gone)).isTrue());
        }
    }

    private static void keepsWhatTheOthersGive(TestManager manager, UUID lease, String removed) {
        JsonNode leases = manager.asRoot(200, "GET", "/leases", null);
        assertThat(leases.size()).isEqualTo(1);
        assertThat(leases.get(0).path("id").asString()).isEqualTo(lease.toString());
        assertThat(leases.get(0).path("gpus").size()).isEqualTo(4);
        assertThat(leases.get(0).toString()).doesNotContain(removed);
        manager.asRoot(204, "DELETE", "/leases/" + lease, null);
        assertThat(manager.asRoot(200, "GET", "/leases", null).isEmpty()).isTrue();
    }

    private static boolean isRefused(TestManager manager, Peers client) {
        try {
            return manager.ask(client, "GET", "/pool", null).status() == 401;
        } catch (java.io.IOException exception) {
            return String.valueOf(exception.getMessage()).contains("BF-73");
        }
    }

    private static void awaitServers(TestManager manager, int count, int all) {
        Awaitility.await()
                .atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> {
                    JsonNode servers = manager.asRoot(200, "GET", "/servers", null);
                    int available = 0;
                    for (JsonNode server : servers) {
                        available += server.path("state").asString().equals("available") ? 1 : 0;
                    }
                    return available == count && servers.size() == all;
                });
    }
}
