package org.bitfusion.systemtests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// A session's life beyond one program: who may join it, and how it ends when the command is
/// killed.
class SessionIT {
    private static final String NOBODY = "65534";

    private static Appliance appliance;
    private static Path programs;

    @BeforeAll
    static void start() throws IOException {
        shell("make -s -C samples driver");
        // Copies where every user can read them, with the library.
        programs = Files.createTempDirectory("programs");
        shell("cp samples/target/driver/* target/dist/bitfusion/lib/cuda/libcuda.so.1 " + programs);
        shell("chmod -R a+rX " + programs);
        appliance = Appliance.start(Map.of());
    }

    @AfterAll
    static void end() {
        appliance.close();
        shell("rm -r " + programs);
    }

    private static void shell(String script) {
        Cli.Result result = Cli.alone().executeShell("cd '" + Repository.root() + "' && " + script);
        assertThat(result.exitCode()).as(result.errors()).isZero();
    }

    private static Cli cli() {
        return Cli.of(appliance);
    }

    /// A session that waits, and the variables that make it one.
    private static RunningProgram session(Cli cli, String... options) {
        List<String> words = new ArrayList<>(List.of(options));
        words.addAll(
                List.of(
                        "--",
                        "sh",
                        "-c",
                        "env | grep -E '^(BF_ADAPTOR|LD_)'; echo up; exec sleep 60"));
        RunningProgram session =
                RunningProgram.start(cli, cli.run(1, words.toArray(String[]::new)));
        session.awaitOutput("up");
        return session;
    }

    private static List<String> joined(RunningProgram session, String... prefix) {
        List<String> command = new ArrayList<>(List.of(prefix));
        command.add("env");
        session.output().lines().filter(line -> line.contains("=")).forEach(command::add);
        command.add("LD_LIBRARY_PATH=" + programs);
        command.add(programs.resolve("vector_add").toString());
        return command;
    }

    @Test
    void aSampleUsesTheGpu() {
        Cli.Result result =
                cli().executeRun(1, "-q", "--", programs.resolve("vector_add").toString());
        assertThat(result.output()).as(result.errors()).endsWith("PASSED\n");
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void aShellRunsSeveralProgramsInOneShare() {
        String sample = programs.resolve("vector_add").toString();
        Cli.Result result =
                cli().executeRun(
                                1,
                                "-q",
                                "-p",
                                "0.5",
                                "--",
                                "bash",
                                "-c",
                                sample + " && " + sample + " & " + sample + "; wait $!");
        assertThat(result.exitCode()).as(result.output() + result.errors()).isZero();
        assertThat(result.output().lines().filter("PASSED"::equals)).hasSize(3);
    }

    @Test
    void theEnvironmentAloneJoinsTheSession() {
        try (RunningProgram session = session(cli(), "-q")) {
            Cli.Result result = Cli.alone().execute(joined(session));
            assertThat(result.output()).as(result.errors()).endsWith("PASSED\n");
        }
    }

    @Test
    void anotherUserCannotJoinTheSession() {
        assumeTrue(isRoot(), "only root can become another user");
        try (RunningProgram session = session(cli(), "-q")) {
            String[] asNobody = {"setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"};
            Cli.Result result = Cli.alone().execute(joined(session, asNobody));
            assertThat(result.exitCode()).isNotZero();
            assertThat(result.output()).doesNotContain("PASSED");
            assertThat(result.errors() + result.output()).contains("ermission denied");
        }
    }

    @Test
    void anotherUserCannotLease() throws IOException {
        assumeTrue(isRoot(), "only root can become another user");
        Path product = Files.createTempDirectory("product");
        shell("cp -a target/dist/bitfusion/. " + product + " && chmod -R a+rX " + product);
        List<String> command =
                new ArrayList<>(
                        List.of("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"));
        command.addAll(cli().run(1, "-q", "--", "true"));
        command.set(
                command.indexOf(Cli.program().toString()),
                product.resolve("bin/bitfusion").toString());
        Cli.Result result = cli().execute(command);
        Path own = Files.writeString(product.resolve("secret"), "00112233445566778899aabbccddeeff");
        Cli.Result guessed = cli().with("BF_ACCESS_SECRET_FILE", own.toString()).execute(command);
        shell("rm -r " + product);
        assertThat(result.exitCode()).isEqualTo(77);
        assertThat(result.errors()).contains("access.secret").hasLineCount(1);
        assertThat(guessed.exitCode()).isEqualTo(77);
        assertThat(guessed.errors()).contains("does not accept the secret").hasLineCount(1);
    }

    @Test
    void theLeaseEndsWhenTheCommandIsKilled() {
        Cli cli = cli();
        try (RunningProgram session = session(cli, "-q")) {
            session.process().destroyForcibly();
            Cli.Result next = cli.executeRun(2, "-q", "-t", "10s", "--", "echo", "all GPUs");
            assertThat(next.output()).as(next.errors()).isEqualTo("all GPUs\n");
        }
    }

    @Test
    void theLeaseEndsWhenAllOfTheCommandIsKilled() {
        Cli cli = cli();
        try (RunningProgram session = session(cli, "-q")) {
            List<ProcessHandle> family = session.process().descendants().toList();
            session.process().destroyForcibly();
            family.forEach(ProcessHandle::destroyForcibly);
            Cli.Result next = cli.executeRun(2, "-q", "-t", "30s", "--", "echo", "all GPUs");
            assertThat(next.output()).as(next.errors()).isEqualTo("all GPUs\n");
        }
    }

    @Test
    void aCommandThatIsKilledBeforeItsProgramLeavesNoFile() throws IOException {
        Cli cli = cli();
        try (RunningProgram holder = session(cli, "-q");
                RunningProgram waiting = RunningProgram.start(cli, cli.run(2, "--", "true"))) {
            waiting.awaitErrors("Waiting up to");
            waiting.signal("STOP"); // so that nobody starts its program
            holder.signal("TERM");
            holder.awaitEnd();
            waiting.awaitErrors("Running client command");
            assertThat(sessionFiles()).hasSize(1);
            waiting.process().destroyForcibly();
            await().atMost(Duration.ofSeconds(20)).until(() -> sessionFiles().isEmpty());
        }
    }

    /// Generated adaptor files that name this test's appliance.
    private static List<Path> sessionFiles() throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> all =
                Files.newDirectoryStream(Path.of("/tmp"), "bitfusion[0-9]*")) {
            for (Path file : all) {
                if (namesTheAppliance(file)) {
                    files.add(file);
                }
            }
        }
        return files;
    }

    private static boolean namesTheAppliance(Path file) throws IOException {
        try {
            return Files.isRegularFile(file)
                    && Files.readString(file, StandardCharsets.ISO_8859_1)
                            .startsWith("127.0.0.1 " + appliance.port() + " ");
        } catch (NoSuchFileException _) {
            return false; // another session's, which has ended meanwhile
        }
    }

    @Test
    void aLostLeaseKeeperIsToldAndTheProgramGoesOn() {
        Cli cli = cli();
        try (RunningProgram session = session(cli, "-q")) {
            ProcessHandle keeper =
                    session.process()
                            .children()
                            .filter(child -> child.info().command().orElse("").endsWith("/java"))
                            .findFirst()
                            .orElseThrow();
            keeper.destroyForcibly();
            session.awaitErrors("the process that holds the GPUs was killed");
            assertThat(session.process().isAlive()).isTrue();
            session.signal("TERM");
            assertThat(session.awaitEnd()).isEqualTo(143);
        }
    }

    @Test
    void anApplianceThatHasEndedIsTold() {
        try (Appliance own = Appliance.start(Map.of())) {
            String kill = "kill -9 $0; while kill -0 $0 2>/dev/null; do :; done";
            String process = Long.toString(own.process().pid());
            Cli.Result result = Cli.of(own).executeRun(1, "--", "sh", "-c", kill, process);
            assertThat(result.exitCode()).isZero();
            assertThat(result.errors())
                    .contains("127.0.0.1:" + own.port() + ": the appliance has ended")
                    .doesNotContain("free again");
        }
    }

    @Test
    void aStoppedProgramKeepsItsGpus() {
        Cli cli = cli();
        try (RunningProgram session = session(cli, "-q", "-p", "0.7")) {
            session.signal("TSTP");
            Cli.Result other = cli.executeRun(2, "-q", "-p", "0.7", "-t", "2s", "--", "true");
            assertThat(other.exitCode()).isEqualTo(75);
            session.signal("CONT");
            session.signal("TERM");
            assertThat(session.awaitEnd()).isEqualTo(143);
        }
    }

    private static boolean isRoot() {
        return Cli.alone().execute(List.of("id", "-u")).output().equals("0\n");
    }
}
