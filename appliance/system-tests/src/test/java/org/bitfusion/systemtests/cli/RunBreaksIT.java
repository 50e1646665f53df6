package org.bitfusion.systemtests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.FarAppliance;
import org.bitfusion.systemtests.tls.PoolFiles;
import org.junit.jupiter.api.Test;

/// A program of `bitfusion run` whose network is away for longer than a session is waited for that
/// no host speaks for.
class RunBreaksIT {
    /// Longer than the lease of a holder lives that has no programs.
    private static final Duration AWAY = Duration.ofSeconds(7);

    private static final int CUTS = 8;

    @Test
    void aProgramOfTheCommandIsWaitedFor() {
        try (FarAppliance far = FarAppliance.start()) {
            cutsAreMended(far, Cli.at(far.address(), far.appliance()), AWAY);
        }
    }

    @Test
    void theSameOverTlsWithManyCuts() {
        PoolFiles pool = new PoolFiles();
        try (FarAppliance far = FarAppliance.start(pool.settings("127.0.0.2"))) {
            Cli cli =
                    Cli.at(far.address(), far.appliance())
                            .with("HOME", pool.client().toString())
                            .with("BF_TLS", "always");
            Duration[] times = new Duration[CUTS];
            Arrays.fill(times, Duration.ofMillis(10));
            cutsAreMended(far, cli, times);
        }
    }

    /// @param away how long each cut lasts
    private static void cutsAreMended(FarAppliance far, Cli cli, Duration... away) {
        Path program = CProgram.build("breaks").executable();
        cli.with("BF_TEST_SECONDS", "9");
        try (RunningProgram run =
                RunningProgram.start(
                        cli,
                        cli.run(
                                1,
                                "-q",
                                "--",
                                program.toString(),
                                "every_call_is_executed_once"))) {
            run.awaitOutput("working");
            int before = far.relay().accepted();
            for (Duration time : away) {
                int reached = far.relay().accepted();
                far.relay().cut(time);
                await().atMost(Duration.ofSeconds(20))
                        .until(() -> far.relay().accepted() > reached);
            }
            assertThat(run.awaitEnd()).isZero();
            assertThat(run.output()).isEqualTo("working\nPASSED every_call_is_executed_once\n");
            assertThat(run.errors()).isEmpty();
            assertThat(far.relay().accepted()).isGreaterThan(before);
        }
    }
}
