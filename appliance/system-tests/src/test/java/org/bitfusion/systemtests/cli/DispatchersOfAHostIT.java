package org.bitfusion.systemtests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Dispatchers that are started by hand on one machine serve the same GPU of 2048 MiB, each with a
/// port and a run folder of its own.
class DispatchersOfAHostIT {
    @TempDir Path folder;

    private Appliance start() {
        return Appliance.start(
                Map.of(
                        "BF_SOFT_DEVICES",
                        "1",
                        "BF_PRESTARTED_WORKERS",
                        "1",
                        "BF_SOFT_ID",
                        folder.toString(),
                        "BF_HOST_FOLDER",
                        folder.resolve("gpus").toString()));
    }

    /// A program that has a lease of so much, until it is closed.
    private static RunningProgram holding(Appliance appliance, String mebibytes, String program)
            throws IOException {
        Path fifo = Files.createTempDirectory(Repository.target(), "held").resolve("orders");
        Cli.alone().execute(List.of("mkfifo", fifo.toString()));
        Cli cli = Cli.of(appliance);
        RunningProgram running =
                RunningProgram.start(
                        cli,
                        cli.run(
                                1,
                                "-m",
                                mebibytes,
                                "--",
                                "sh",
                                "-c",
                                "exec " + program + " hold 400 " + fifo));
        running.awaitOutput("working");
        return running;
    }

    private static Cli.Result ask(Appliance appliance, String mebibytes) {
        return Cli.of(appliance).executeRun(1, "-m", mebibytes, "-t", "1s", "--", "true");
    }

    private static void assertRefused(Appliance appliance, String mebibytes) {
        Cli.Result result = ask(appliance, mebibytes);
        assertThat(result.exitCode()).as(result.errors()).isEqualTo(75);
        assertThat(result.errors()).contains("for GPUs that others use");
    }

    private static void assertGranted(Appliance appliance, String mebibytes) {
        Cli.Result result = ask(appliance, mebibytes);
        assertThat(result.exitCode()).as(result.errors()).isZero();
    }

    @Test
    void theyNeverPromiseTheSameMemoryAndTheDeadHoldNone() throws IOException {
        String program = CProgram.build("share").executable().toString();
        try (Appliance first = start();
                Appliance second = start();
                RunningProgram held = holding(first, "1536", program)) {
            assertRefused(second, "514");
            assertGranted(second, "512");
            Cli.Result withoutLease =
                    Cli.alone()
                            .with("BF_ACCESS_SECRET_FILE", second.accessSecretFile().toString())
                            .execute(
                                    "client",
                                    "-l",
                                    "127.0.0.1:" + second.port(),
                                    "--",
                                    program,
                                    "free");
            assertThat(withoutLease.output())
                    .as(withoutLease.errors())
                    .startsWith("free " + (512L << 20) + " of " + (2048L << 20));
            assertThat(withoutLease.exitCode()).isZero();

            List<ProcessHandle> workers = first.workers();
            first.process().destroyForcibly().onExit().join();
            assertRefused(second, "514"); // the program works on
            assertThat(held.process().isAlive()).isTrue();
            workers.forEach(ProcessHandle::destroyForcibly);
            await().atMost(Duration.ofSeconds(5))
                    .until(() -> workers.stream().noneMatch(ProcessHandle::isAlive));
            try (RunningProgram other = holding(second, "2048", program);
                    Appliance again = first.startAgain()) {
                assertRefused(again, "2");
                assertThat(again.log())
                        .contains("another dispatcher of this machine has taken its memory");
                other.signal("KILL");
                await().atMost(Duration.ofSeconds(10))
                        .untilAsserted(() -> assertGranted(again, "2048"));
            }
        }
    }
}
