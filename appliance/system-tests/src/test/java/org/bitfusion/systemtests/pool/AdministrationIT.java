package org.bitfusion.systemtests.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/// What an administrator sets for the clients of a pool, and what these notice of it.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class AdministrationIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final int REFUSED = 69;
    private static final int WAITED_IN_VAIN = 75;

    private static ManagedAppliance appliance;
    private static CProgram program;
    private static Path home;
    private static String client;

    /// A command of a user that runs beside the test.
    private record Running(Process process, Path log) {
        static Running start(Path home, Map<String, String> more, String... words) {
            try {
                Path log = Files.createTempFile(Repository.target(), "running", ".txt");
                List<String> command = new ArrayList<>(List.of("env", "--default-signal"));
                command.addAll(ManagedAppliance.command(words));
                ProcessBuilder builder = new ProcessBuilder(command);
                builder.environment().put("HOME", home.toString());
                builder.environment().putAll(more);
                builder.redirectInput(Path.of("/dev/null").toFile());
                builder.redirectErrorStream(true).redirectOutput(log.toFile());
                return new Running(builder.start(), log);
            } catch (IOException exception) {
                throw new UncheckedIOException(exception);
            }
        }

        String text() {
            try {
                return Files.readString(log);
            } catch (IOException exception) {
                throw new UncheckedIOException(exception);
            }
        }

        Running saying(String what) {
            await(what)
                    .atMost(SOON)
                    .pollInterval(Duration.ofMillis(50))
                    .until(() -> !process.isAlive() || text().contains(what));
            assertThat(text()).contains(what);
            return this;
        }

        String end() throws InterruptedException {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(text()).isTrue();
            return text();
        }
    }

    @BeforeAll
    static void start() {
        program = CProgram.build("pool");
        appliance = ManagedAppliance.start("127.0.0.6");
        home = appliance.home();
        output(ManagedAppliance.as(home, "list_gpus"));
        client = id(root("clients", "list"));
    }

    @AfterAll
    static void stop() {
        appliance.close();
    }

    private static String id(String list) {
        return list.lines().toList().getLast().split(" ", 2)[0];
    }

    private static String output(CProgram.Result result) {
        assertThat(result.exitCode()).as(result.output()).isZero();
        return result.output();
    }

    private static String root(String... words) {
        return output(appliance.asRoot(words));
    }

    private static CProgram.Result run(String... words) {
        List<String> all = new ArrayList<>(List.of("run", "-q"));
        all.addAll(List.of(words));
        return ManagedAppliance.as(home, all.toArray(String[]::new));
    }

    private static Running program(String test, double seconds) {
        return Running.start(
                home,
                Map.of("BF_TEST_SECONDS", Double.toString(seconds)),
                "run",
                "-n",
                "1",
                "-m",
                "64",
                "--",
                program.executable().toString(),
                test);
    }

    @Test
    @Order(1)
    void gpusThatNothingIsDoneWithAreTakenBackAndTheProgramIsToldWhy() throws Exception {
        assertThat(root("settings", "set", "--idle-timeout", "3s")).contains("Idle timeout: 3s");
        Path file = home.resolve("idle.conf");
        String requested =
                output(
                        ManagedAppliance.as(
                                home,
                                "request_gpus",
                                "-n",
                                "1",
                                "-m",
                                "64",
                                "-f",
                                file.toString()));
        assertThat(requested).contains("Client idle timeout: 1 min");
        Running idle = program("does_nothing", 6.5);
        Running busy = program("waits_for_its_stream", 6.5);
        assertThat(idle.end())
                .contains("PASSED does_nothing")
                .containsOnlyOnce("bitfusion: the GPUs were taken back: ")
                .contains("nothing was done with them for 3 s, the idle timeout")
                .contains("bitfusion clients set " + client + " --idle-timeout");
        assertThat(busy.end()).contains("PASSED waits_for_its_stream").doesNotContain("taken back");
        CProgram.Result late =
                ManagedAppliance.as(
                        home, "client", "-f", file.toString(), "--", program(), "does_nothing");
        assertThat(late.exitCode()).isNotZero();
        assertThat(late.output()).contains("does not know this lease", "idle timeout");
        assertThat(root("leases", "list")).as("the titles alone").hasLineCount(1);
        assertThat(root("events")).contains("lease-idle", "after 3 s without use");
        root("settings", "set", "--idle-timeout", "none");
        assertThat(ManagedAppliance.as(home, "release_gpus", "-f", file.toString()).output())
                .contains("the lease had ended before");
    }

    private static String program() {
        return program.executable().toString();
    }

    @Test
    @Order(2)
    void whoIsOverItsLimitIsRefusedAndWhoWouldBeWaits() {
        assertThat(root("clients", "set", client, "--gpu-limit", "1"))
                .contains("GPU limit 1, priority default, idle timeout default");
        CProgram.Result two = run("-n", "2", "true");
        assertThat(two.exitCode()).isEqualTo(REFUSED);
        assertThat(two.output())
                .contains("2 GPUs", "may hold at most 1", "--gpu-limit")
                .hasLineCount(1);
        String bitfusion = ManagedAppliance.program();
        CProgram.Result inside =
                run(
                        "-n",
                        "1",
                        "--",
                        "sh",
                        "-c",
                        "%1$s run -q -n 1 -p 0.5 true && echo first && %1$s run -q -n 2 true"
                                .formatted(bitfusion));
        assertThat(inside.exitCode()).isEqualTo(REFUSED);
        assertThat(inside.output()).startsWith("first\n").contains("2 GPUs").hasLineCount(2);
        Path file = home.resolve("limit.conf");
        output(
                ManagedAppliance.as(
                        home, "request_gpus", "-n", "1", "-m", "64", "-f", file.toString()));
        CProgram.Result more = run("-n", "1", "-m", "64", "--timeout", "0", "true");
        assertThat(more.exitCode()).isEqualTo(WAITED_IN_VAIN);
        assertThat(more.output()).contains("may hold 1 GPUs at a time, holds 1", "--timeout");
        assertThat(
                        output(
                                ManagedAppliance.as(
                                        home,
                                        "client",
                                        "-f",
                                        file.toString(),
                                        "--",
                                        bitfusion,
                                        "run",
                                        "-q",
                                        "-n",
                                        "1",
                                        "-m",
                                        "32",
                                        "echo inside")))
                .isEqualTo("inside\n");
        output(ManagedAppliance.as(home, "release_gpus", "-f", file.toString()));
        root("clients", "set", client, "--gpu-limit", "default");
    }

    @Test
    @Order(3)
    void whoHasAHigherPriorityIsServedEarlierAndWhoLeavesIsGoneAtOnce() throws Exception {
        Path other = appliance.home();
        Path file = home.resolve("all.conf");
        output(ManagedAppliance.as(other, "request_gpus", "-n", "2", "-f", file.toString()));
        root("clients", "set", client, "--priority", "-9");
        Running first = Running.start(home, Map.of(), "run", "-n", "1", "true");
        first.saying("place 1 in the line");
        Running leaving = Running.start(home, Map.of(), "run", "-n", "1", "true");
        leaving.saying("place 2 in the line");
        Running preferred = Running.start(other, Map.of(), "run", "-n", "1", "true");
        preferred.saying("place 1 in the line");
        first.saying("place 2 in the line");
        assertThat(root("queue")).containsPattern("(?m)^1 +0 .*\n2 +-9 .*\n3 +-9 ");
        assertThat(output(ManagedAppliance.as(other, "queue")).lines())
                .as("a client sees its own")
                .hasSize(2);
        new ProcessBuilder("kill", "-INT", Long.toString(leaving.process().pid()))
                .start()
                .waitFor();
        assertThat(leaving.process().waitFor()).isEqualTo(130);
        assertThat(root("queue").lines()).as("it has left at once").hasSize(3);
        output(ManagedAppliance.as(other, "release_gpus", "-f", file.toString()));
        assertThat(preferred.end()).contains("Released GPUs");
        assertThat(first.end()).contains("Released GPUs");
    }

    @Test
    @Order(4)
    void aDrainedServerGivesNoLeasesAndWhatRunsGoesOn() throws Exception {
        Running before = program("waits_for_its_stream", 3).saying("Running client command");
        assertThat(root("drain", "gpu-6"))
                .contains("Server gpu-6 is draining", "1 tasks run on", "bitfusion undrain gpu-6");
        assertThat(output(ManagedAppliance.as(home, "list_gpus"))).contains("tasks, draining");
        Running waiting = Running.start(home, Map.of(), "run", "-n", "1", "-m", "64", "true");
        waiting.saying("waits for gpu-6 (draining)");
        assertThat(before.end()).contains("PASSED waits_for_its_stream");
        assertThat(root("undrain", "127.0.0.6")).isEqualTo("Server gpu-6 gives leases again\n");
        assertThat(waiting.end()).contains("Released GPUs");
    }
}
