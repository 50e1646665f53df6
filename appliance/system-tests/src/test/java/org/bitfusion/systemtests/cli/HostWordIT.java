package org.bitfusion.systemtests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The word of the host: `bitfusion` sees a program die whose connections stay open, and says so.
class HostWordIT {
    private static final Pattern TAKEN = Pattern.compile("taken after (\\d+) ms");
    private static final int WITHIN_MILLISECONDS = 2000;

    private static Appliance appliance;
    private static Path program;

    @BeforeAll
    static void start() {
        program = CProgram.build("host_word").executable();
        appliance = Appliance.start(Map.of());
    }

    @AfterAll
    static void end() {
        appliance.close();
    }

    /// Kills a program that holds more than half of the memory, then takes as much; where killed
    /// and taken belong to one session of the command.
    private static final String KILL_AND_TAKE =
            """
            exec 7< <(exec %1$s holder %2$d)
            holder=$!
            read -r line <&7
            [ "$line" = working ] || exit 3
            exec %1$s taker %2$d $holder
            """;

    private static void assertFreedSoon(Cli.Result result) {
        Matcher matcher = TAKEN.matcher(result.output());
        assertThat(matcher.find()).as(result.output() + result.errors()).isTrue();
        assertThat(Integer.parseInt(matcher.group(1))).isLessThan(WITHIN_MILLISECONDS);
    }

    @Test
    void theMemoryOfAKilledProgramIsFreeThoughItsConnectionStaysOpen() {
        String script = KILL_AND_TAKE.formatted(program, 100);
        assertFreedSoon(
                Cli.of(appliance).executeRun(1, "-q", "-m", "192", "--", "bash", "-c", script));
    }

    @Test
    void clientGivesTheWordToo() {
        String script = KILL_AND_TAKE.formatted(program, 1100);
        String server = "127.0.0.1:" + appliance.port();
        Cli.Result result =
                Cli.of(appliance).execute("client", "-l", server, "--", "bash", "-c", script);
        assertFreedSoon(result);
    }

    @Test
    void aSessionThatIsJoinedByTheEnvironmentAloneIsWatched() throws IOException {
        Cli cli = Cli.of(appliance);
        String tellAndWait = "echo $BF_ADAPTOR_CONFIG; echo up; exec sleep 60";
        try (RunningProgram session =
                RunningProgram.start(
                        cli, cli.run(1, "-q", "-m", "192", "--", "sh", "-c", tellAndWait))) {
            String adaptor = session.awaitOutput("up").lines().findFirst().orElseThrow();
            assertThat(Path.of(adaptor + ".d")).isDirectory();
            Path script =
                    Files.writeString(
                            Files.createTempFile(Repository.target(), "joined", ""),
                            KILL_AND_TAKE.formatted(program, 100));
            assertFreedSoon(
                    Cli.alone()
                            .with("BF_ADAPTOR_CONFIG", adaptor)
                            .with("LD_LIBRARY_PATH", Repository.shim().toString())
                            .executeShell(". " + script));
            session.signal("TERM");
            session.awaitEnd();
            assertThat(Path.of(adaptor + ".d")).doesNotExist();
        }
    }

    @Test
    void aStoppedCommandStillGivesTheWord() throws IOException {
        Cli cli = Cli.of(appliance);
        String holder = program + " holder 100";
        try (RunningProgram session =
                RunningProgram.start(
                        cli,
                        cli.run(
                                1,
                                "-q",
                                "-m",
                                "192",
                                "--",
                                "bash",
                                "-c",
                                "echo $BF_ADAPTOR_CONFIG $$; exec " + holder))) {
            String[] words =
                    session.awaitOutput("working").lines().findFirst().orElseThrow().split(" ", -1);
            session.signal("STOP");
            assertFreedSoon(
                    Cli.alone()
                            .with("BF_ADAPTOR_CONFIG", words[0])
                            .with("LD_LIBRARY_PATH", Repository.shim().toString())
                            .execute(List.of(program.toString(), "taker", "100", words[1])));
            session.signal("CONT");
            assertThat(session.awaitEnd()).isEqualTo(137);
        }
    }
}
