package org.bitfusion.systemtests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// "A program started by `bitfusion run` keeps its descriptors, limits, signal dispositions and the
/// terminal's foreground group": the same script is run directly and through `run`, and must see
/// the same.
class ProgramSurroundingsIT {
    private static Appliance appliance;

    @BeforeAll
    static void startAppliance() {
        appliance = Appliance.start(Map.of());
    }

    @AfterAll
    static void endAppliance() {
        appliance.close();
    }

    private static Cli cli() {
        return Cli.of(appliance);
    }

    /// `prelude` in the shell, then `program` directly and through `run`.
    private static void assertTheSame(String prelude, String program) {
        Cli.Result direct = cli().executeShell(prelude + program);
        Cli.Result leased = cli().executeShell(prelude + cli().runLine(1, "-q -- " + program));
        assertThat(direct.exitCode()).as(direct.errors()).isZero();
        assertThat(leased).isEqualTo(direct);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "trap '' HUP PIPE INT; ",
                "trap '' CHLD; ",
                "exec 7</etc/passwd 9>/dev/null; ",
                "ulimit -n 777; ulimit -c 0; ulimit -s 4096; ",
                "umask 077; cd /; "
            })
    void whatTheShellGaveArrives(String prelude) {
        assertTheSame(
                prelude,
                "sh -c \"grep -E 'Sig(Blk|Ign)|Umask' /proc/self/status; ulimit -n; ulimit -Hn; ulimit -a; umask; pwd;"
                        + " find /proc/self/fd -type l -lname '/*' ! -lname '*proc*' -printf '%f %l\\n' | grep -v '^[12] '\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"})
    void whatIsClosedStaysClosed(String closed) throws IOException {
        String local = Cli.program() + " local -q -- ";
        String direct = openDescriptors("", closed);
        assertThat(openDescriptors(cli().runLine(1, "-q -- "), closed)).isEqualTo(direct);
        assertThat(openDescriptors(local, closed)).isEqualTo(direct);
    }

    /// Those of the standard descriptors that a program finds open which `command` starts.
    private static String openDescriptors(String command, String closed) throws IOException {
        Path file = Files.createTempFile(Repository.target(), "open", "");
        String program =
                "sh -c 'for i in 0 1 2; do [ ! -e /proc/$$/fd/$i ] || open=\"$open $i\"; done; echo open: $open >"
                        + file
                        + "'";
        Cli.Result result =
                cli().with("BF_GPU", "soft")
                        .executeShell("timeout -s KILL 30 " + command + program + " " + closed);
        assertThat(result.exitCode()).as(result.errors()).isZero();
        return Files.readString(file);
    }

    @Test
    void processSubstitutionWorks() {
        assertTheSame("", "cat <(echo one) <(echo two)");
        assertTheSame("", "bash -c 'echo out > >(cat); wait'");
    }

    @Test
    void aPipeThatTheProgramClosesIsClosed() throws Exception {
        ProcessBuilder builder =
                new ProcessBuilder(
                        cli().run(
                                        1,
                                        "-q",
                                        "--",
                                        "sh",
                                        "-c",
                                        "echo first; exec >&-; exec sleep 60"));
        builder.redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().putAll(cli().environment());
        Process process = builder.start();
        try {
            assertThat(process.getInputStream().readAllBytes()).asString().isEqualTo("first\n");
            assertThat(process.isAlive()).as("the command still runs").isTrue();
        } finally {
            process.destroy();
            process.waitFor();
        }
    }

    @Test
    void nohupKeepsTheProgramFromHangups() {
        Cli cli = cli();
        String script = "exec nohup " + cli.runLine(1, "-q -- sh -c 'echo up; exec sleep 60'");
        try (RunningProgram run = RunningProgram.start(cli, List.of("sh", "-c", script))) {
            run.awaitOutput("up");
            run.signal("HUP");
            run.signal("TERM");
            assertThat(run.awaitEnd())
                    .as("ended by the second signal, not the first")
                    .isEqualTo(143);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT", "HUP", "USR1", "USR2", "QUIT"})
    void aSignalReachesTheProgram(String name) {
        Cli cli = cli();
        String script =
                "trap 'echo got "
                        + name
                        + "; exit 9' "
                        + name
                        + "; echo up; while :; do sleep 0.05; done";
        try (RunningProgram run =
                RunningProgram.start(cli, cli.run(1, "-q", "--", "sh", "-c", script))) {
            run.awaitOutput("up");
            run.signal(name);
            run.awaitOutput("got " + name);
            assertThat(run.awaitEnd()).isEqualTo(9);
            assertThat(run.output()).containsOnlyOnce("got");
        }
    }

    @Test
    void aTerminalStopsContinuesAndInterruptsTheProgram() {
        try (Terminal terminal = Terminal.open(cli().environment())) {
            terminal.type(
                    cli().runLine(1, "-q -- sh -c 'while sleep 0.1; do echo ti\"\"ck; done'")
                            + "\n");
            terminal.awaitText("tick");
            terminal.type("\u001a");
            terminal.awaitText("Stopped");
            terminal.type("echo sta\"\"te=$(ps -o stat= -p $(jobs -p) | cut -c1)\n");
            terminal.awaitText("state=T");
            terminal.type("fg\n");
            terminal.awaitText("tick");
            terminal.type("\u0003");
            terminal.type("echo co\"\"de=$?\n");
            terminal.awaitText("code=130");
        }
    }

    /// Returns when the process `$1` and its parent, the command, are both stopped.
    private static final String UNTIL_STOPPED =
            "until grep -q State:.T /proc/$1/status && grep -q State:.T /proc/$2/status; do :; done; ";

    @Test
    void aProgramThatStopsAndIsContinuedByItsOwnChildGoesOn() {
        String script =
                "(set -- $$ $PPID; " + UNTIL_STOPPED + "kill -CONT $1) & kill -STOP $$; echo on";
        Cli.Result result = cli().executeRun(1, "-q", "--", "bash", "-c", script);
        assertThat(result.output()).as(result.errors()).isEqualTo("on\n");
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void aProgramThatIsKilledWhileStoppedEndsTheCommand() {
        String script =
                "(set -- $$ $PPID; " + UNTIL_STOPPED + "kill -KILL $1) & kill -STOP $$; echo on";
        Cli.Result result = cli().executeRun(1, "-q", "--", "bash", "-c", script);
        assertThat(result.output()).as(result.errors()).isEmpty();
        assertThat(result.exitCode()).isEqualTo(137);
    }

    @Test
    void aProgramThatStopsItselfIsAJobOfTheShell() {
        try (Terminal terminal = Terminal.open(cli().environment())) {
            String program = "-q -- sh -c 'echo u\"\"p; kill -STOP $$; echo o\"\"n; kill -STOP $$'";
            terminal.type(cli().runLine(1, program) + "\n");
            terminal.awaitText("up");
            terminal.awaitText("Stopped");
            terminal.type("fg\n");
            terminal.awaitText("on");
            terminal.awaitText("Stopped");
            terminal.type("kill -CONT $(pgrep -P $(jobs -p) sh); wait; echo co\"\"de=$?\n");
            terminal.awaitText("code=0");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ulimit -n 20; ", "ulimit -f 4; ", "ulimit -u 100; "})
    void whatIsLittleForTheCommandIsLeftToTheProgram(String prelude) {
        assertTheSame(prelude, "bash -c 'ulimit -a; ulimit -Ha'");
    }

    @Test
    void aShellInASessionHasJobControl() {
        try (Terminal terminal = Terminal.open(cli().environment())) {
            terminal.type(cli().runLine(1, "-q -- bash --norc --noediting -i") + "\n");
            terminal.type("sh -c 'echo slee\"\"ping; exec sleep 60'\n");
            terminal.awaitText("sleeping");
            terminal.type("\u001a");
            terminal.awaitText("Stopped");
            terminal.type("kill %1; wait -f %1; echo $((6 * 7))-$BF_USER_COMMAND\n");
            terminal.awaitText("42-bash --norc");
            terminal.type("exit 5\n");
            terminal.type("echo co\"\"de=$?\n");
            terminal.awaitText("code=5");
        }
    }
}
