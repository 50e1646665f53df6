package org.bitfusion.systemtests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.FarAppliance;
import org.junit.jupiter.api.Test;

/// A program of `bitfusion run` whose network is away for longer than a session is waited for that
/// no host speaks for.
class RunBreaksIT {
    private static final Duration AWAY = Duration.ofSeconds(3);

    @Test
    void aProgramOfTheCommandIsWaitedFor() {
        Path program = CProgram.build("breaks").executable();
        try (FarAppliance far = FarAppliance.start()) {
            Cli cli = Cli.at(far.address(), far.appliance()).with("BF_TEST_SECONDS", "5");
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
                far.relay().cut(AWAY);
                assertThat(run.awaitEnd()).isZero();
                assertThat(run.output()).isEqualTo("working\nPASSED every_call_is_executed_once\n");
                assertThat(run.errors()).isEmpty();
                assertThat(far.relay().accepted()).isGreaterThan(before);
            }
        }
    }
}
