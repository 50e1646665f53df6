package org.bitfusion.systemtests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.systemtests.Appliance;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `run`: what it prints, what its program gets, how it ends.
class RunIT {
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

    @Test
    void theExitCodeIsTheProgramsOwn() {
        assertThat(cli().executeRun(1, "--", "true").exitCode()).isZero();
        assertThat(cli().executeRun(1, "--", "sh", "-c", "exit 7").exitCode()).isEqualTo(7);
    }

    @Test
    void aProgramEndedByASignalGives128AndItsNumber() {
        assertThat(cli().executeRun(1, "--", "sh", "-c", "kill -9 $$").exitCode()).isEqualTo(137);
        assertThat(cli().executeRun(1, "--", "sh", "-c", "kill -TERM $$").exitCode())
                .isEqualTo(143);
    }

    @Test
    void theTranscriptIsTheProducts() {
        Cli.Result result = cli().executeRun(1, "-p", "0.5", "--", "echo", "a b", "c");
        String time = "\\[INFO] \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ ";
        String server = "127\\.0\\.0\\.1:" + appliance.port();
        String uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
        assertThat(result.output()).isEqualTo("a b c\n");
        assertThat(result.errors())
                .matches(
                        String.join(
                                "\n",
                                time + "Query server " + server + " gpu availability",
                                time + "Choosing GPUs from server list \\[" + server + "]",
                                time
                                        + "Requesting GPUs \\[0] with 1024 MiB of memory from server 0, with version \\S+\\.\\.\\.",
                                "Requested resources:",
                                "Server List: " + server,
                                "Client idle timeout: 0 min",
                                time
                                        + "Locked 1 GPUs with partial memory 0\\.5, configuration saved to '/tmp/bitfusion\\d+'",
                                time
                                        + "Running client command 'echo a b c' on 1 GPUs, with the following servers:",
                                time
                                        + "127\\.0\\.0\\.1 "
                                        + appliance.port()
                                        + " "
                                        + uuid
                                        + " \\d+ \\S+",
                                "",
                                time
                                        + "Releasing GPUs from config file '/tmp/bitfusion\\d+'\\.\\.\\.",
                                time
                                        + "Released GPUs on 1 servers and removed generated config file '/tmp/bitfusion\\d+'\n"));
    }

    @Test
    void quietSaysNothing() {
        assertThat(cli().executeRun(1, "--quiet", "--", "true").errors()).isEmpty();
    }

    @Test
    void theProgramGetsItsSession() {
        Cli.Result result =
                cli().with("LD_LIBRARY_PATH", "/a:/b")
                        .with("BF_LOG_FILE", "/c")
                        .executeRun(
                                1,
                                "--",
                                "sh",
                                "-c",
                                "echo $BF_ADAPTOR_CONFIG; stat -c %a $BF_ADAPTOR_CONFIG; echo $BF_USER_COMMAND;"
                                        + " echo $LD_LIBRARY_PATH; echo $BF_LOG_FILE; cat $BF_ADAPTOR_CONFIG");
        List<String> lines = result.output().lines().toList();
        assertThat(Path.of(lines.get(0))).doesNotExist();
        assertThat(lines.get(1)).isEqualTo("600");
        assertThat(lines.get(2)).startsWith("sh -c echo");
        assertThat(lines.get(3))
                .isEqualTo(Cli.program().resolve("../../lib/cuda").normalize() + ":/a:/b");
        assertThat(lines.get(4)).isEqualTo("/c");
        assertThat(lines.get(5))
                .matches(
                        "127\\.0\\.0\\.1 "
                                + appliance.port()
                                + " [0-9a-f-]{36} \\d+ \\S+ [0-9a-f]{32}");
        assertThat(result.errors())
                .as("the secret stays in the file")
                .doesNotContain(lines.get(5).substring(lines.get(5).length() - 32));
    }

    @Test
    void oneStringIsACommandLine() {
        assertThat(cli().executeRun(1, "printf '%s|' a \"b c\"").output()).isEqualTo("a|b c|");
        assertThat(cli().executeRun(1, "printf", "%s|", "a", "b c").output()).isEqualTo("a|b c|");
    }

    /// A letter in UTF-8, and a byte that is none in UTF-8.
    @ParameterizedTest
    @ValueSource(strings = {"C", "C.UTF-8"})
    void argumentsAndVariablesArriveByteForByte(String locale) {
        String letters = "$'\\xc3\\xa4\\xe4'";
        assertThat(bytes(locale, "printf %s a " + letters)).isEqualTo("61 c3 a4 e4");
        assertThat(bytes(locale, "sh -c 'printf %s \"$BF_USER_COMMAND\"' " + letters))
                .endsWith("20 c3 a4 e4");
        assertThat(bytes(locale, "$'printf %s \\'a \\xc3\\xa4\\xe4\\''"))
                .isEqualTo("61 20 c3 a4 e4");
        assertThat(
                        bytes(
                                locale + " LD_LIBRARY_PATH=/" + letters,
                                "sh -c 'printf %s \"$LD_LIBRARY_PATH\"'"))
                .endsWith("3a 2f c3 a4 e4");
    }

    private static String bytes(String locale, String program) {
        Cli.Result result =
                cli().executeShell(
                                "set -o pipefail; LC_ALL="
                                        + locale
                                        + " "
                                        + cli().runLine(1, "-q " + program)
                                        + " | od -An -v -tx1");
        assertThat(result.exitCode()).as(result.errors()).isZero();
        return result.output().replaceAll("\\s+", " ").strip();
    }

    @Test
    void filesWhoseNamesAreNotAsciiAreFoundInAnyLocale() {
        String script =
                """
                export LC_ALL=C
                folder=$(mktemp -d)/$'h\\xc3\\xb6me'
                mkdir -p "$folder/.bitfusion"
                echo 127.0.0.1 %d >"$folder/.bitfusion/servers.conf"
                cp "$BF_ACCESS_SECRET_FILE" "$folder/.bitfusion/access.secret"
                unset BF_ACCESS_SECRET_FILE
                HOME=$folder %2$s run -q -n 1 true
                HOME=$folder %2$s run -q -n 1 -s "$folder/.bitfusion/servers.conf" true
                HOME=$folder %2$s run -q -n 1 -s $'\\xe4' true || echo code $?
                """
                        .formatted(appliance.port(), Cli.program());
        Cli.Result result = cli().executeShell("set -e\n" + script);
        assertThat(result.exitCode()).as(result.errors()).isZero();
        assertThat(result.output()).isEqualTo("code 64\n");
        assertThat(result.errors()).contains("no usable file name").hasLineCount(1);
    }

    @Test
    void aServersFileMayBeginWithAByteOrderMark() throws IOException {
        Path file = Files.createTempFile("servers", ".conf");
        Files.writeString(file, "\uFEFF127.0.0.1 " + appliance.port() + "\r\n");
        List<String> command = new ArrayList<>(List.of(Cli.program().toString(), "run"));
        command.addAll(List.of("-q", "-n", "1", "-s", file.toString(), "--", "echo", "ok"));
        assertThat(cli().execute(command).output()).isEqualTo("ok\n");
        Files.writeString(file, "127.0.0.1\n", StandardCharsets.UTF_16);
        Cli.Result other = cli().execute(command);
        assertThat(other.exitCode()).isEqualTo(65);
        assertThat(other.errors()).contains(file + ": is no text in UTF-8").hasLineCount(1);
        Files.delete(file);
    }

    @Test
    void aProgramThatIsNotThereIsNamed() {
        Cli.Result missing = cli().executeRun(1, "-q", "--", "no-such-program-here");
        assertThat(missing.exitCode()).isEqualTo(127);
        assertThat(missing.errors())
                .isEqualTo(
                        "bitfusion: no-such-program-here: no such program; check its name and PATH\n");
        Cli.Result folder = cli().executeRun(1, "-q", "--", "/etc");
        assertThat(folder.exitCode()).isEqualTo(126);
        assertThat(folder.errors()).contains("/etc: may not be executed");
    }

    @Test
    void standardInputIsTheProgramsOwn() {
        assertThat(cli().executeShell("echo hello | " + cli().runLine(1, "-- cat")).output())
                .isEqualTo("hello\n");
    }

    @Test
    void moreThanTheApplianceHasIsRefusedAtOnce() {
        Cli.Result tooMany = cli().executeRun(3, "-q", "--", "true");
        assertThat(tooMany.exitCode()).isEqualTo(69);
        assertThat(tooMany.errors()).contains("has 2 GPUs, -n 3 asks for more").hasLineCount(1);
        Cli.Result tooMuch = cli().executeRun(1, "-q", "-m", "999999", "--", "true");
        assertThat(tooMuch.exitCode()).isEqualTo(69);
        assertThat(tooMuch.errors()).contains("the largest has 2048 MiB").hasLineCount(1);
    }

    @Test
    void twoSharesOfOneGpuFitAndAThirdWaits() {
        Cli cli = cli();
        try (RunningProgram first =
                        RunningProgram.start(
                                cli,
                                cli.run(
                                        2,
                                        "-p",
                                        "0.66",
                                        "--",
                                        "sh",
                                        "-c",
                                        "echo up; exec sleep 60"));
                RunningProgram second =
                        RunningProgram.start(
                                cli,
                                cli.run(
                                        2,
                                        "-p",
                                        "0.33",
                                        "--",
                                        "sh",
                                        "-c",
                                        "echo up; exec sleep 60"))) {
            first.awaitOutput("up");
            second.awaitOutput("up");
            Cli.Result third = cli.executeRun(1, "-m", "100", "-t", "1s", "--", "true");
            assertThat(third.exitCode()).isEqualTo(75);
            assertThat(third.errors()).contains("no 1 GPUs with 100 MiB were free within 1 s");
            try (RunningProgram waiting =
                    RunningProgram.start(
                            cli, cli.run(1, "-m", "100", "-t", "1m", "--", "echo", "got it"))) {
                waiting.awaitErrors("Waiting up to 60 s");
                first.signal("TERM");
                waiting.awaitOutput("got it");
                assertThat(waiting.awaitEnd()).isZero();
                assertThat(first.awaitEnd()).isEqualTo(143);
            }
        }
    }

    @Test
    void whoCameFirstIsServedFirst() {
        Cli cli = cli();
        try (RunningProgram holder =
                        RunningProgram.start(
                                cli, cli.run(1, "--", "sh", "-c", "echo up; exec sleep 60"));
                RunningProgram much =
                        startAfter(
                                () -> holder.awaitOutput("up"),
                                cli,
                                cli.run(2, "--", "sh", "-c", "echo up; exec sleep 60"));
                RunningProgram little =
                        startAfter(
                                () -> much.awaitErrors("Waiting up to 1800 s"),
                                cli,
                                cli.run(1, "-p", "0.1", "--", "true"))) {
            assertThat(much.errors())
                    .contains("has GPU 0: 0 of 2048 MiB free, GPU 1: 2048 of 2048 MiB free");
            little.awaitErrors(", for which others came first");
            String keeper = "pid=" + much.process().children().findFirst().orElseThrow().pid();
            holder.signal("TERM");
            much.awaitOutput("up");
            assertThat(little.errors()).doesNotContain("Got GPUs");
            much.signal("TERM");
            assertThat(little.awaitEnd()).isZero();
            assertThat(appliance.log().lines().filter(line -> line.contains(keeper + " waits")))
                    .as("however often it asks")
                    .singleElement(STRING)
                    .contains("2 GPUs with all of the memory asked for")
                    .contains(" 2048 MiB of GPU 0\"");
        }
    }

    private static RunningProgram startAfter(Runnable condition, Cli cli, List<String> command) {
        condition.run();
        return RunningProgram.start(cli, command);
    }

    @Test
    void aQuietWaitIsToldOnATerminalOnly() {
        Cli cli = cli();
        try (RunningProgram holder =
                        RunningProgram.start(
                                cli, cli.run(2, "--", "sh", "-c", "echo up; exec sleep 60"));
                Terminal terminal = Terminal.open(cli.environment())) {
            holder.awaitOutput("up");
            terminal.type(cli.runLine(1, "-q -t 2s -- true\n"));
            terminal.awaitText("Waiting up to 2 s");
            Cli.Result elsewhere = cli.executeRun(1, "-q", "-t", "1s", "--", "true");
            assertThat(elsewhere.errors()).doesNotContain("Waiting").hasLineCount(1);
        }
    }

    @Test
    void aSignalEndsTheWaiting() {
        Cli cli = cli();
        try (RunningProgram holder =
                RunningProgram.start(cli, cli.run(2, "--", "sh", "-c", "echo up; exec sleep 60"))) {
            holder.awaitOutput("up");
            try (RunningProgram waiting = RunningProgram.start(cli, cli.run(1, "--", "true"))) {
                waiting.awaitErrors("Waiting up to 1800 s");
                waiting.signal("INT");
                assertThat(waiting.awaitEnd()).isEqualTo(130);
            }
        }
    }

    @Test
    void serversConfIsFoundInTheUsersFolder() throws Exception {
        Path home = Files.createTempDirectory("home");
        Files.createDirectories(home.resolve(".bitfusion"));
        Files.writeString(
                home.resolve(".bitfusion/servers.conf"),
                "servers:\n- addresses:\n  - 127.0.0.1:" + appliance.port() + "\n");
        Cli cli =
                Cli.alone()
                        .with("HOME", home.toString())
                        .with("BF_ACCESS_SECRET_FILE", appliance.accessSecretFile().toString());
        assertThat(cli.execute("run", "-n", "1", "-q", "true").exitCode()).isZero();
        Path file =
                Files.writeString(
                        home.resolve("other.conf"), "127.0.0.1 " + appliance.port() + "\n");
        assertThat(cli.execute("run", "-n", "1", "-q", "-s", file.toString(), "true").exitCode())
                .isZero();
    }

    @Test
    void theFirstServerThatAnswersIsTaken() {
        Cli.Result result =
                cli().execute(
                                "run",
                                "-n",
                                "1",
                                "-l",
                                "127.0.0.1:1; 127.0.0.1:" + appliance.port(),
                                "--",
                                "echo",
                                "done");
        assertThat(result.exitCode()).isZero();
        assertThat(result.output()).isEqualTo("done\n");
        assertThat(result.errors()).contains("[WARN]", "Error querying server 127.0.0.1:1");
    }

    @Test
    void nothingIsLeftBehind() {
        for (String program : List.of("true", "no-such-program-here")) {
            String errors = cli().executeRun(1, "--", program).errors();
            Matcher saved =
                    Pattern.compile("configuration saved to '(/tmp/bitfusion\\d+)'")
                            .matcher(errors);
            assertThat(saved.find()).as(errors).isTrue();
            assertThat(Path.of(saved.group(1))).doesNotExist();
        }
    }
}
