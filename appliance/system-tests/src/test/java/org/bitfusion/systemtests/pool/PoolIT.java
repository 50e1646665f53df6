package org.bitfusion.systemtests.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.bitfusion.systemtests.CProgram;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/// What a client gets of a pool of three appliances with two GPUs each. The tests that break
/// something come last.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PoolIT {
    private static final int APPLIANCES = 3;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static PoolOfAppliances pool;
    private static CProgram program;

    @BeforeAll
    static void startPool() {
        program = CProgram.build("pool");
        pool = PoolOfAppliances.start(APPLIANCES);
    }

    @AfterAll
    static void stopPool() {
        pool.close();
    }

    private static ClientRun start(double seconds, String... options) {
        return ClientRun.start(pool, program, seconds, options);
    }

    private static ClientRun start(Path held, double seconds, String... options) {
        try {
            Path folder = Files.createTempDirectory(pool.home(), "run");
            return ClientRun.start(pool, program, held, folder, seconds, options);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    @Order(1)
    void aProgramHasGpusOfSeveralAppliances() {
        ClientRun run = start(0, "-n", "6");
        assertThat(run.end()).as(run.errorText()).isZero();
        assertThat(run.gpus()).doesNotHaveDuplicates().hasSize(APPLIANCES * PoolOfAppliances.GPUS);
        assertThat(run.errorText())
                .contains("Locked 6 GPUs")
                .contains("Released GPUs on 3 servers");
    }

    @Test
    @Order(1)
    void theGpusOfAllAppliancesAreListedByTheNamesOfThese() {
        String listed = pool.client("list_gpus").output();
        List<String> addresses =
                listed.lines()
                        .filter(line -> line.startsWith("- server "))
                        .map(line -> line.replaceFirst(".*\\[(.*):.*\\].*", "$1"))
                        .toList();
        assertThat(addresses)
                .as(listed)
                .isEqualTo(
                        pool.members().stream().map(member -> member.machine().address()).toList());
    }

    @Test
    @Order(1)
    void twoSharesFitOnOneGpuAndAThirdWaitsAndGivesUp() {
        String address = pool.member(2).machine().address();
        ClientRun large = start(90, "-n", "2", "-p", "0.66", "--server_list", address).holding(2);
        ClientRun small = start(90, "-n", "2", "-p", "0.33", "--server_list", address).holding(2);
        assertThat(small.gpus()).containsExactlyInAnyOrderElementsOf(large.gpus());
        ClientRun third =
                start(0, "-n", "1", "-p", "0.33", "--server_list", address, "--timeout", "3");
        assertThat(third.end()).as(third.errorText()).isEqualTo(75);
        assertThat(third.errorText()).contains("wait");
        ClientRun fourth = start(0, "-n", "1", "-p", "0.33", "--server_list", address);
        await().atMost(PATIENCE).until(() -> fourth.errorText().contains("wait"));
        large.process().destroy();
        assertThat(fourth.end()).as(fourth.errorText()).isZero();
        assertThat(large.gpus()).containsAll(fourth.gpus());
        assertThat(small.process().isAlive()).as(small.errorText()).isTrue();
        small.process().destroy();
        assertThat(small.end()).isNotZero();
    }

    @Test
    @Order(1)
    void whatCanNeverBeServedIsRefusedWithTheReason() {
        ClientRun many = start(0, "-n", "7");
        assertThat(many.end()).isEqualTo(69);
        assertThat(many.errorText()).contains("7 GPUs").contains("only 6");
        ClientRun large = start(0, "-n", "1", "-m", "100000");
        assertThat(large.end()).isEqualTo(69);
        assertThat(large.errorText()).contains("100000 MiB");
        ClientRun nowhere = start(0, "-n", "1", "--filter", "device.name=*H200*");
        assertThat(nowhere.end()).isEqualTo(69);
        assertThat(nowhere.errorText()).contains("H200");
    }

    @Test
    @Order(1)
    void onlyTheDocumentedPortsAreOpenAndOnlyForThePool() {
        assumeTrue(
                pool.network().isOfNamespaces(), "the loopback has ports of other programs, too");
        Network.Machine from = pool.clientMachine();
        String address = pool.member(2).machine().address();
        ClientRun run = start(90, "-n", "1", "-m", "32", "--server_list", address).holding(1);
        List<Integer> open = PortScan.of(address, from);
        List<Integer> data = open.stream().filter(port -> port >= 45201 && port <= 46225).toList();
        List<Integer> others = open.stream().filter(port -> !data.contains(port)).toList();
        assertThat(data).isNotEmpty();
        assertThat(others).contains(56001, 55001).isSubsetOf(2281, 2888, 3888, 55001, 56001);
        for (int port : open) {
            assertThat(Exposure.plaintext(from, address, port))
                    .as("plaintext at " + port)
                    .doesNotContain("HTTP/1.1 2", "Bitfusion", "imok");
            assertThat(Exposure.stranger(from, address, port, "-tls1_2"))
                    .as("TLS 1.2 at " + port)
                    .contains("no peer certificate available");
        }
        for (int port : others) {
            String answer = Exposure.stranger(from, address, port, "-tls1_3");
            if (port == 56001) { // enrolment is for who has no certificate yet
                assertThat(answer).contains("HTTP/1.1 4").doesNotContain("HTTP/1.1 2");
            } else {
                assertThat(answer).as("no certificate at " + port).contains("certificate required");
            }
        }
        run.process().destroy();
        assertThat(run.end()).isNotZero();
    }

    @Test
    @Order(1)
    void noSecretIsInLogsNorProcessListsNorInZooKeeper() throws IOException {
        Path file = pool.home().resolve("held.conf");
        assertThat(
                        pool.client("request_gpus", "-n", "2", "-m", "32", "-f", file.toString())
                                .exitCode())
                .isZero();
        ClientRun run = start(90, "-n", "1", "-m", "32").holding(1);
        Map<Exposure.Secret, Set<String>> secrets = Exposure.secrets(pool.folder());
        assertThat(secrets).allSatisfy((kind, each) -> assertThat(each).as("" + kind).isNotEmpty());
        List<String> commands = Exposure.commandLines();
        assertThat(commands).anyMatch(line -> line.contains("fills_its_share"));
        List<Path> spoken = Exposure.spoken(pool.folder());
        assertThat(spoken.toString()).contains("/log,", "zookeeper/log/version-2/log.");
        List<String> texts = spoken.stream().map(Exposure::text).toList();
        assertThat(texts).anyMatch(text -> text.contains("lease="));
        secrets.forEach((kind, all) -> {
            for (String secret : all) {
                assertThat(commands)
                        .as(kind + " in a command line")
                        .noneMatch(line -> line.contains(secret));
                for (int i = 0; i < texts.size(); i++) {
                    assertThat(texts.get(i).contains(secret))
                            .as(kind + " in " + spoken.get(i))
                            .isFalse();
                }
            }
        });
        run.process().destroy();
        assertThat(run.end()).isNotZero();
        assertThat(pool.client("release_gpus", "-f", file.toString()).exitCode()).isZero();
    }

    @Test
    @Order(1)
    void whoeverAsksIsServedBesideADrainedAppliance() {
        PoolOfAppliances.Member drained = pool.member(2);
        assertThat(pool.member(1).succeeds("drain", drained.machine().name())).contains("draining");
        ClientRun run = start(0, "-n", "4");
        assertThat(run.end()).as(run.errorText()).isZero();
        assertThat(run.errorText())
                .contains("Released GPUs on 2 servers")
                .doesNotContain(drained.machine().address() + " ");
        assertThat(pool.client("list_gpus", "--output", "json").output())
                .containsOnlyOnce("\"state\": \"draining\"");
        pool.member(3).succeeds("undrain", drained.machine().address());
    }

    /// Five GPUs are free all the time, and one who waits for six has come first.
    @Test
    @Order(1)
    void whoAsksForAllIsNotOvertakenByLaterOnesThatFit() throws IOException {
        Path held = Files.createTempDirectory(pool.home(), "order").resolve("held");
        ClientRun first = start(held, 6, "-n", "1").holding(1);
        ClientRun all = start(held, 0, "-n", "6");
        await().atMost(PATIENCE).until(() -> all.errorText().contains("wait"));
        List<ClientRun> later =
                Stream.generate(() -> start(held, 0, "-n", "1", "-p", "0.5")).limit(3).toList();
        later.forEach(
                run -> await().atMost(PATIENCE).until(() -> run.errorText().contains("wait")));
        assertThat(first.end()).as(first.errorText()).isZero();
        assertThat(all.end()).as(all.errorText()).isZero();
        later.forEach(run -> assertThat(run.end()).as(run.errorText()).isZero());
        List<Integer> order =
                Files.readAllLines(held).stream()
                        .filter(line -> line.startsWith("+"))
                        .map(line -> all.wrote(line) ? 1 : first.wrote(line) ? 0 : 2)
                        .toList();
        assertThat(order).containsExactly(0, 1, 1, 1, 1, 1, 1, 2, 2, 2);
    }

    /// The lease is the client's for some time after its appliance's manager has gone; a program
    /// that begins in between waits for the next.
    @Test
    @Order(2)
    void aManagerThatEndsAndComesBackCostsItsProgramsNothing() {
        PoolOfAppliances.Member member = pool.member(3);
        String address = member.machine().address();
        String held = pool.home().resolve("restart.conf").toString();
        assertThat(
                        pool.client(
                                        "request_gpus",
                                        "-n",
                                        "1",
                                        "-m",
                                        "32",
                                        "-f",
                                        held,
                                        "--server_list",
                                        address)
                                .exitCode())
                .isZero();
        ClientRun run = start(25, "-n", "1", "-p", "0.5", "--server_list", address).holding(1);
        member.killManager();
        ClientRun next = ClientRun.in(pool, program, held);
        await().atMost(PATIENCE).until(() -> next.errorText().contains("waiting for up to"));
        member.startAgain();
        member.listening();
        assertThat(next.end()).as(next.errorText()).isZero();
        assertThat(run.end()).as(run.errorText()).isZero();
        assertThat(pool.client("release_gpus", "-f", held).exitCode()).isZero();
        await().atMost(PATIENCE).until(() -> pool.isUnused(member));
    }

    @Test
    @Order(3)
    void anApplianceThatDiesTakesItsProgramsWithItAndNoOthers() {
        PoolOfAppliances.Member dying = pool.member(3);
        String there = dying.machine().address();
        String elsewhere = pool.member(2).machine().address();
        ClientRun both =
                start(40, "-n", "2", "-p", "0.5", "--server_list", there + ";" + elsewhere);
        ClientRun alone = start(40, "-n", "1", "-p", "0.25", "--server_list", there).holding(1);
        both.holding(2);
        ClientRun other = start(20, "-n", "1", "-p", "0.25", "--server_list", elsewhere).holding(1);
        dying.kill();
        assertThat(alone.end()).isNotZero();
        assertThat(other.end()).as(other.errorText()).isZero();
        both.process().destroy();
        ClientRun next = start(0, "-n", "4");
        assertThat(next.end()).as(next.errorText()).isZero();
        assertThat(next.errorText()).doesNotContain(there + ":");
    }
}
