package org.bitfusion.systemtests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.FarAppliance;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The session that `bitfusion run` asks for together with its lease: the first program takes it,
/// all others ask for their own. Connections are counted: one for the lease, one for each session's
/// data, and one for each session that a program asks for itself.
class PreparedSessionIT {
    private static FarAppliance far;
    private static String program;

    @BeforeAll
    static void start() {
        far = FarAppliance.start();
        program = CProgram.build("counters").executable() + " copies_and_fills";
    }

    @AfterAll
    static void stop() {
        far.close();
    }

    /// When it has come, which takes its time on a busy machine.
    private static final String PREPARED =
            "while [ -e $BF_ADAPTOR_CONFIG.d/preparing ]; do sleep 0.01; done; ";

    /// @return how many connections it took
    private static int connections(String script, int programs) {
        int before = far.relay().accepted();
        Cli cli = Cli.at(far.address(), far.appliance());
        Cli.Result result = cli.execute(cli.run(1, "-q", "--", "bash", "-c", PREPARED + script));
        assertThat(result.exitCode()).as(result.errors()).isZero();
        assertThat(result.output()).isEqualTo("PASSED copies_and_fills\n".repeat(programs));
        assertThat(result.errors()).isEmpty();
        return far.relay().accepted() - before;
    }

    @Test
    void theFirstProgramNeedsNoOtherConnection() {
        assertThat(connections(program, 1)).isEqualTo(1 + 1);
    }

    @Test
    void theNextOneAsksForItself() {
        assertThat(connections(program + "; " + program, 2)).isEqualTo(1 + 1 + 2);
    }

    @Test
    void ofThreeAtOnceOneTakesIt() {
        String three = (program + " & ").repeat(3) + "wait";
        assertThat(connections(three, 3)).isEqualTo(1 + 1 + 2 + 2);
    }

    @Test
    void whereItsAddressesAreTakenAProgramAsksForItself() {
        // Less than the prepared window needs.
        assertThat(connections("ulimit -v 2000000000; " + program, 1)).isEqualTo(1 + 2);
    }

    @Test
    void oneWhoseWorkerHasDiedIsNotMissed() throws IOException {
        Cli cli = Cli.at(far.address(), far.appliance());
        Path sign = Repository.target().resolve("workers-are-dead");
        Files.deleteIfExists(sign);
        String script = "echo ready; while [ ! -e " + sign + " ]; do sleep 0.01; done; " + program;
        List<String> command = cli.run(1, "-q", "--", "bash", "-c", PREPARED + script);
        try (RunningProgram run = RunningProgram.start(cli, command)) {
            run.awaitOutput("ready");
            far.appliance().workers().forEach(ProcessHandle::destroyForcibly);
            Files.createFile(sign);
            assertThat(run.awaitEnd()).isZero();
            assertThat(run.output()).isEqualTo("ready\nPASSED copies_and_fills\n");
            assertThat(run.errors()).isEmpty();
        }
    }

    @Test
    void nothingIsLeftBehind() {
        String script =
                "folder=$BF_ADAPTOR_CONFIG.d; " + program + "; ls \"$folder\"; echo \"$folder\"";
        Cli cli = Cli.at(far.address(), far.appliance());
        Cli.Result result = cli.execute(cli.run(1, "-q", "--", "bash", "-c", script));
        List<String> lines = result.output().lines().toList();
        assertThat(lines).startsWith("PASSED copies_and_fills", "host").hasSize(3);
        assertThat(Path.of(Objects.requireNonNull(lines.getLast()))).doesNotExist();
    }
}
