package org.bitfusion.systemtests.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Programs on GPUs of a pool, by `run` and by `request_gpus`.
class PooledRunIT {
    private static ManagedAppliance appliance;
    private static Path home;

    @BeforeAll
    static void start() {
        CProgram.Result made = CProgram.run(Repository.make("samples", "driver"), Map.of(), 60);
        assertThat(made.exitCode()).as(made.output()).isZero();
        appliance = ManagedAppliance.start("127.0.0.4");
        home = appliance.home();
    }

    @AfterAll
    static void stop() {
        appliance.close();
    }

    private static String sample(String name) {
        return Repository.root().resolve("samples/target/driver").resolve(name).toString();
    }

    private static String output(CProgram.Result result) {
        assertThat(result.exitCode()).as(result.output()).isZero();
        return result.output();
    }

    private static void everythingIsFreeAgain() {
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() ->
                        assertThat(output(ManagedAppliance.as(home, "list_gpus")))
                                .contains("running 0 tasks")
                                .contains("GPU 0: free memory 512 MiB / 512 MiB")
                                .contains("GPU 1: free memory 512 MiB / 512 MiB"));
    }

    private CProgram.Result runByHand(Appliance server, String mebibytes, String... words) {
        List<String> command =
                ManagedAppliance.command(
                        "run",
                        "-n",
                        "2",
                        "-m",
                        mebibytes,
                        "-t",
                        "1s",
                        "-l",
                        "127.0.0.1:" + server.port(),
                        "--");
        List<String> whole = new ArrayList<>(command);
        whole.addAll(List.of(words));
        return CProgram.run(
                whole, Map.of("BF_ACCESS_SECRET_FILE", server.accessSecretFile().toString()), 60);
    }

    @Test
    void aDispatcherByHandOnAnAppliancePromisesNothingThatThePoolHasPromised() {
        try (Appliance server =
                Appliance.start(
                        Map.of(
                                "BF_SOFT_MEMORY", "512",
                                "BF_SOFT_ID", appliance.folder().getFileName().toString(),
                                "BF_HOST_FOLDER", appliance.hostFolder().toString()))) {
            String inside =
                    "%s run -n 2 -m 130 -t 1s -l 127.0.0.1:%d -- true; echo by hand $?; %s run -q -n 2 -m 128 -l 127.0.0.1:%d -- true; echo and $?"
                            .formatted(
                                    ManagedAppliance.program(),
                                    server.port(),
                                    ManagedAppliance.program(),
                                    server.port());
            CProgram.Result result =
                    ManagedAppliance.as(
                            home,
                            "run",
                            "-n",
                            "2",
                            "-m",
                            "384",
                            "--",
                            "env",
                            "BF_TLS=never",
                            "BF_ACCESS_SECRET_FILE=" + server.accessSecretFile(),
                            "sh",
                            "-c",
                            inside);
            assertThat(output(result)).contains("by hand 75\n", "and 0\n");
            String pool =
                    "until HOME=%s %s list_gpus | grep 'GPU 0: free memory 384 MiB'; do sleep 0.2; done; HOME=%s env -u BF_ADAPTOR_CONFIG %s run -n 2 -m 386 -t 1s -- true; echo pool $?"
                            .formatted(
                                    home,
                                    ManagedAppliance.program(),
                                    home,
                                    ManagedAppliance.program());
            assertThat(output(runByHand(server, "128", "sh", "-c", pool)))
                    .contains("GPU 0: free memory 384 MiB / 512 MiB", "pool 75\n");
        }
        everythingIsFreeAgain();
    }

    @Test
    void aProgramRunsOnAShareAndTheTranscriptIsTheProducts() {
        String output =
                output(
                        ManagedAppliance.as(
                                home, "run", "-n", "1", "-p", "0.5", "--", sample("vector_add")));
        String time = "\\[INFO\\] \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ ";
        String host = "127\\.0\\.0\\.4";
        assertThat(output.replaceFirst("(?s)^.*?(\\[INFO\\] \\S+ Query server \\S+ gpu)", "$1"))
                .matches(
                        "(?s)"
                                + time
                                + "Query server "
                                + host
                                + ":\\d+ gpu availability\n"
                                + time
                                + "Choosing GPUs from server list \\["
                                + host
                                + ":\\d+\\]\n"
                                + time
                                + "Requesting GPUs \\[\\d\\] with 256 MiB of memory from server 0, with version \\S+\n"
                                + "Requested resources:\n"
                                + "Server List: "
                                + host
                                + ":\\d+\n"
                                + "Client idle timeout: \\d+ min\n"
                                + time
                                + "Locked 1 GPUs with partial memory 0.5, configuration saved to '/tmp/bitfusion\\d+'\n"
                                + time
                                + "Running client command '\\S+' on 1 GPUs, with the following servers:\n"
                                + time
                                + host
                                + " \\d+ [0-9a-f-]{36} \\d+ \\S+\n"
                                + "\n"
                                + "vector add on .*PASSED\n"
                                + time
                                + "Releasing GPUs from config file '/tmp/bitfusion\\d+'...\n"
                                + time
                                + "Released GPUs on 1 servers and removed generated config file '/tmp/bitfusion\\d+'\n");
        everythingIsFreeAgain();
    }

    @Test
    void moreThanThePoolHasIsRefusedAtOnce() {
        CProgram.Result result = ManagedAppliance.as(home, "run", "-q", "-n", "9", "true");
        assertThat(result.exitCode()).isEqualTo(69);
        assertThat(result.output()).startsWith("bitfusion: ").hasLineCount(1);
        CProgram.Result filtered =
                ManagedAppliance.as(
                        home, "run", "-q", "-n", "1", "--filter", "device.name=H100", "true");
        assertThat(filtered.exitCode()).isEqualTo(69);
        assertThat(filtered.output()).hasLineCount(1);
        CProgram.Result syntax =
                ManagedAppliance.as(home, "run", "-q", "-n", "1", "--filter", "color=red", "true");
        assertThat(syntax.exitCode()).isEqualTo(64);
        assertThat(syntax.output()).contains("color").hasLineCount(1);
    }

    @Test
    void whoWaitsIsToldAndLeavesTheLineWithCtrlC() throws Exception {
        Path file = home.resolve("whole.conf");
        output(ManagedAppliance.as(home, "request_gpus", "-n", "2", "-f", file.toString()));
        Path log = Files.createTempFile(Repository.target(), "waiting", ".txt");
        List<String> command = new ArrayList<>(List.of("env", "--default-signal"));
        command.addAll(ManagedAppliance.command("run", "-n", "1", "true"));
        Process waiting =
                CProgram.start(
                        command,
                        Map.of("HOME", home.toString()),
                        ProcessBuilder.Redirect.to(log.toFile()));
        await().atMost(Duration.ofSeconds(30))
                .until(() -> Files.readString(log).contains("place 1 in the line"));
        new ProcessBuilder("kill", "-INT", Long.toString(waiting.pid())).start().waitFor();
        assertThat(waiting.waitFor()).isEqualTo(130);
        CProgram.Result late =
                ManagedAppliance.as(home, "run", "-n", "1", "--timeout", "1s", "true");
        assertThat(late.exitCode()).isEqualTo(75);
        assertThat(late.output()).contains("place 1 in the line");
        output(ManagedAppliance.as(home, "release_gpus", "-f", file.toString()));
        everythingIsFreeAgain();
    }

    @Test
    void requestedGpusServeSeveralPrograms() throws IOException {
        Path file = home.resolve("adaptor.conf");
        String requested =
                output(
                        ManagedAppliance.as(
                                home,
                                "request_gpus",
                                "-n",
                                "1",
                                "-m",
                                "128",
                                "-f",
                                file.toString()));
        assertThat(requested)
                .contains("Requested resources:\nServer List: " + appliance.manager() + "\n");
        for (int i = 0; i < 2; i++) {
            assertThat(
                            output(
                                    ManagedAppliance.as(
                                            home,
                                            "client",
                                            "-f",
                                            file.toString(),
                                            "--",
                                            sample("vector_add"))))
                    .endsWith("PASSED\n");
        }
        assertThat(output(ManagedAppliance.as(home, "list_gpus"))).contains("running 1 tasks");
        assertThat(output(ManagedAppliance.as(home, "release_gpus", "-f", file.toString())))
                .contains("Released GPUs on 1 servers");
        assertThat(Files.exists(file)).isFalse();
        everythingIsFreeAgain();
    }

    @Test
    void theApplicationsExitCodeIsRunsOwn() {
        assertThat(
                        ManagedAppliance.as(
                                        home, "run", "-q", "-n", "1", "--", "sh", "-c", "exit 7")
                                .exitCode())
                .isEqualTo(7);
        everythingIsFreeAgain();
    }

    /// Milliseconds of the processor's time, the least of several: what others do to the machine
    /// only adds to it.
    private static double cost(String command) {
        double least = Double.MAX_VALUE;
        for (int i = 0; i < 7; i++) {
            CProgram.Result result =
                    CProgram.run(
                            List.of(
                                    "bash",
                                    "-c",
                                    "TIMEFORMAT='%3U %3S'; time " + command + " >/dev/null 2>&1"),
                            Map.of("HOME", home.toString()),
                            60);
            String[] seconds = output(result).strip().split(" ", -1);
            least =
                    Math.min(
                            least,
                            1000
                                    * (Double.parseDouble(seconds[0])
                                            + Double.parseDouble(seconds[1])));
        }
        return least;
    }

    /// Two connections over TLS among it (decision 0028).
    @Test
    void aCommandCostsAtMostFourTimesWhatAnEmptyJvmDoes() {
        String product = Repository.product().toString();
        double empty = cost(product + "/runtime/bin/java -version");
        assertThat(cost(product + "/bin/bitfusion list_gpus"))
                .as("list_gpus; java -version: %s ms", empty)
                .isLessThan(4 * empty);
        assertThat(cost(product + "/bin/bitfusion run -q -n 1 -p 0.5 -- true"))
                .as("run; java -version: %s ms", empty)
                .isLessThan(4 * empty);
    }
}
