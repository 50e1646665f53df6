package org.bitfusion.manager;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.cluster.ensemble.Ensemble;
import org.bitfusion.cluster.ensemble.RemoveOutcome;
import org.bitfusion.cluster.pool.PoolState;
import org.bitfusion.cluster.store.ZooKeeperRecordStore;
import org.bitfusion.manager.member.Peers;
import org.bitfusion.manager.member.Removals;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Of two managers one stops in the midst of something.
class TwoManagersIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    @TempDir Path folder;

    @Test
    void whatOneDoesNotDoTheOtherDoes() throws Exception {
        try (TestManager first = TestManager.start(folder.resolve("one"), "127.0.0.22")) {
            String token =
                    first.asRoot(201, "POST", "/tokens", Map.of("purpose", "appliance", "uses", 1))
                            .path("id")
                            .asString();
            String download = first.download(token).toString();
            TestManager cut =
                    TestManager.cutOff(
                            folder.resolve("two"),
                            "127.0.0.23",
                            "zookeeper started",
                            "--join",
                            download);
            assertThat(cut.output()).doesNotContain("Listening");
            try (TestManager second = cut.startAgain("--join", download)) {
                assertThat(first.asRoot(200, "GET", "/pool", null).path("members").size())
                        .as("it is the one that began to join")
                        .isEqualTo(2);
                assertThat(second.folder().resolve("tls/joining.pem")).doesNotExist();
                Awaitility.await()
                        .atMost(PATIENCE)
                        .ignoreExceptions()
                        .until(() -> first.asRoot(200, "GET", "/servers", null).size() == 2);
                whoAsksAnotherThanAFrozenManagerIsAnswered(first, second);
                UUID removed = removedButForItsCertificate(first);
                try (Peers gone = first.client(second.identity())) {
                    Awaitility.await().atMost(PATIENCE).until(() -> isRefused(first, gone));
                }
                assertThat(first.asRoot(200, "GET", "/servers", null).size()).isEqualTo(1);
                Awaitility.await()
                        .atMost(PATIENCE)
                        .untilAsserted(
                                () -> first.asRoot(404, "DELETE", "/servers/" + removed, null));
            }
        }
    }

    /// It schedules on, until ZooKeeper has not heard of it for 15 s.
    private static void whoAsksAnotherThanAFrozenManagerIsAnswered(
            TestManager first, TestManager second) throws Exception {
        Enrolled enrolled = Enrolled.by(first, "patient");
        String id = UUID.randomUUID().toString();
        Map<String, Object> ask = new HashMap<>(Map.of("id", id, "gpuCount", 1));
        Awaitility.await()
                .atMost(PATIENCE)
                .until(() ->
                        scheduling(first).equals(member(first, 0))
                                && member(second, 0).equals(scheduling(second)));
        try (Peers client = second.client(enrolled.identity())) {
            signal(first, "STOP");
            try {
                Instant began = Instant.now();
                Peers.Answer answer = second.ask(client, "POST", "/leases?waitSeconds=5", ask);
                assertThat(answer.status()).as(TestManager.text(answer)).isEqualTo(202);
                assertThat(Instant.now()).isBefore(began.plusSeconds(15));
                ask.put("ticket", TestManager.json(answer).path("ticket").asString());
                Awaitility.await()
                        .atMost(PATIENCE)
                        .until(() ->
                                second.ask(client, "POST", "/leases?waitSeconds=5", ask).status()
                                        == 201);
                assertThat(second.ask(client, "DELETE", "/leases/" + id, null).status())
                        .isEqualTo(204);
            } finally {
                signal(first, "CONT");
            }
        }
        Awaitility.await()
                .atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> first.asRoot(200, "GET", "/leases", null).isEmpty());
    }

    private static String scheduling(TestManager manager) {
        return manager.asRoot(200, "GET", "/pool", null).path("scheduling").asString("");
    }

    private static String member(TestManager manager, int index) {
        JsonNode members = manager.asRoot(200, "GET", "/pool", null).path("members");
        return members.get(index).path("appliance").asString();
    }

    private static void signal(TestManager manager, String name) throws Exception {
        String pid = Long.toString(manager.process().pid());
        assertThat(new ProcessBuilder("kill", "-" + name, pid).start().waitFor()).isZero();
    }

    /// What a manager does that is killed then.
    private static UUID removedButForItsCertificate(TestManager manager) {
        JsonNode member = manager.asRoot(200, "GET", "/pool", null).path("members").get(1);
        UUID appliance = UUID.fromString(member.path("appliance").asString());
        try (PoolConnection connection = manager.zookeeper(appliance)) {
            assertThat(new PoolState(connection).forget(appliance)).isTrue();
            new Removals(new ZooKeeperRecordStore(connection))
                    .begin(new Removals.Removal(appliance, "user ada"));
            assertThat(new Ensemble(connection).remove(member.path("number").asInt(), Set.of(1, 2)))
                    .isInstanceOf(RemoveOutcome.Removed.class);
        }
        return appliance;
    }

    private static boolean isRefused(TestManager manager, Peers client) {
        try {
            return manager.ask(client, "GET", "/pool", null).status() == 401;
        } catch (IOException exception) {
            return String.valueOf(exception.getMessage()).contains("BF-73");
        }
    }
}
