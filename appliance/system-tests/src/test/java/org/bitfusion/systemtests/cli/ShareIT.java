package org.bitfusion.systemtests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The share of memory belongs to the lease, not to the program that asked first.
class ShareIT {
    /// So many that the next program's worker is there before the one before it has quite ended.
    private static final int WORKERS = 6;

    private static Appliance appliance;
    private static String program;

    @BeforeAll
    static void start() {
        program = CProgram.build("share").executable().toString();
        appliance = Appliance.start(Map.of("BF_PRESTARTED_WORKERS", Integer.toString(WORKERS)));
    }

    @AfterAll
    static void end() {
        appliance.close();
    }

    private static long readyWorkers() {
        return appliance.log().lines().filter(line -> line.endsWith(" ready")).count();
    }

    private static Cli.Result run(String share, String... words) {
        List<String> command =
                new ArrayList<>(List.of("-q", share.contains(".") ? "-p" : "-m", share, "--"));
        command.add(program);
        command.addAll(List.of(words));
        return Cli.of(appliance).executeRun(1, command.toArray(String[]::new));
    }

    private static void assertSucceeds(Cli.Result result) {
        assertThat(result.exitCode()).as(result.output() + result.errors()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"2", "3", "345", "0.333"})
    void whatIsCalledFreeCanBeAllocated(String share) {
        assertSucceeds(run(share, "free"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "0.0005"})
    void aShareTooSmallForAnythingIsRefusedWhenItIsAskedFor(String share) {
        Cli.Result result = run(share, "free");
        assertThat(result.exitCode()).isEqualTo(69);
        assertThat(result.output()).as("the program was not started").isEmpty();
        assertThat(result.errors()).contains("nothing fits", "ask for 2 or more").hasLineCount(1);
    }

    @Test
    void aProgramGetsWhatTheOneBeforeItHeld() {
        await().atMost(Duration.ofSeconds(60)).until(() -> readyWorkers() >= WORKERS);
        assertSucceeds(run("256", "after", "256", Integer.toString(WORKERS)));
    }

    @Test
    void eightSmallProgramsFitIntoASmallShare() {
        assertSucceeds(run("128", "small", "8"));
    }

    /// They stand in line for workers, of which a few start at a time.
    @Test
    void fortyProgramsThatStartAtOnceAllRun() {
        List<String> command =
                Cli.of(appliance).run(1, "-q", "-m", "128", "--", program, "small", "40");
        assertSucceeds(Cli.of(appliance).execute(command, 400));
    }

    @Test
    void nothingIsKeptFromOthersBySomebodyWhoDoesNotUseIt() {
        assertSucceeds(run("128", "idle", "128"));
    }
}
