package org.bitfusion.systemtests.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.Secret;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.Test;

class FaultsIT {
    private static final Pattern FAILED = Pattern.compile("status (\\d+) after (\\d+) ms");
    private static final Pattern AGAIN = Pattern.compile("again (\\d+) after (\\d+) ms");

    @Test
    void aKilledProgramTakesItsWorkerWithItWithinTwoSeconds() throws IOException {
        try (Appliance appliance = Appliance.start(Map.of())) {
            Running program = Running.start(appliance, "works_until_it_fails");
            List<ProcessHandle> workers = appliance.workers();
            program.process().destroyForcibly();
            await().atMost(Duration.ofSeconds(2))
                    .until(() -> workers.stream().anyMatch(worker -> !worker.isAlive()));
            CProgram.Result next =
                    CProgram.build("memory")
                            .run("freed_memory_can_be_had_again", appliance.clientEnvironment());
            assertThat(next.output()).contains("PASSED");
        }
    }

    @Test
    void aKilledWorkerFailsTheNextCallWithinASecond() throws IOException {
        try (Appliance appliance = Appliance.start(Map.of())) {
            Running program = Running.start(appliance, "works_until_it_fails");
            appliance.workers().forEach(ProcessHandle::destroyForcibly);
            String output = program.rest();
            assertThat(output).contains("PASSED works_until_it_fails");
            for (Pattern pattern : List.of(FAILED, AGAIN)) {
                Matcher matcher = pattern.matcher(output);
                assertThat(matcher.find()).as(output).isTrue();
                assertThat(Integer.parseInt(matcher.group(1))).isNotZero();
                assertThat(Integer.parseInt(matcher.group(2))).isLessThan(1000);
            }
        }
    }

    @Test
    void aStreamThatWaitsForAnotherServersEventIsLetGoWhenThatServerDies() throws IOException {
        try (Appliance dying = Appliance.start(Map.of());
                Appliance living =
                        Appliance.start(
                                Map.of(
                                        "BF_ACCESS_SECRET_FILE",
                                        dying.accessSecretFile().toString()))) {
            Running program =
                    Running.start(dying.clientEnvironment(living), "waits_for_a_server_that_dies");
            dying.workers().forEach(ProcessHandle::destroyForcibly);
            assertThat(program.rest()).contains("PASSED waits_for_a_server_that_dies");
        }
    }

    @Test
    void aCallbackIsToldThatItsServerHasDied() throws IOException {
        try (Appliance appliance = Appliance.start(Map.of())) {
            Running program =
                    Running.start(appliance, "waits_for_a_callback_of_a_server_that_dies");
            appliance.workers().forEach(ProcessHandle::destroyForcibly);
            assertThat(program.rest())
                    .contains("PASSED waits_for_a_callback_of_a_server_that_dies");
        }
    }

    /// A worker that is frozen takes what the system's buffers hold, and no more.
    @Test
    void aProgramEndsThoughItsServerTakesNothing() throws Exception {
        try (Appliance appliance = Appliance.start(Map.of())) {
            Map<String, String> environment = new HashMap<>(appliance.clientEnvironment());
            environment.put("BF_SILENCE_MILLISECONDS", "1000");
            Running program = Running.start("breaks", "ends_with_much_to_send", environment);
            for (ProcessHandle worker : appliance.workers()) {
                signal("STOP", worker);
            }
            program.process().outputWriter().append("go on\n").flush();
            assertThat(program.process().waitFor(15, TimeUnit.SECONDS)).isTrue();
            assertThat(program.rest()).contains("PASSED ends_with_much_to_send");
        }
    }

    private static void signal(String name, ProcessHandle process) throws Exception {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    }

    @Test
    void aRunningProgramOutlivesTheManager() throws IOException {
        try (Appliance appliance = Appliance.start(Map.of())) {
            Running program = Running.start(appliance, "waits_then_works");
            List<ProcessHandle> workers = appliance.workers();
            appliance.process().destroyForcibly();
            await().until(() -> !appliance.process().isAlive());
            program.process().outputWriter().append("go on\n").flush();
            assertThat(program.rest()).contains("PASSED waits_then_works");
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> workers.stream().noneMatch(ProcessHandle::isAlive));
        }
    }

    @Test
    void oneClientsFaultDoesNotTouchAnother() throws IOException {
        try (Appliance appliance = Appliance.start(Map.of())) {
            Running bystander = Running.start(appliance, "waits_then_works");
            CProgram.Result faulty =
                    CProgram.build("errors")
                            .run(
                                    "an_execution_error_is_deferred_and_sticky",
                                    appliance.clientEnvironment());
            assertThat(faulty.output()).contains("PASSED");
            bystander.process().outputWriter().append("go on\n").flush();
            assertThat(bystander.rest()).contains("PASSED waits_then_works");
        }
    }

    @Test
    void anAbsentServerIsSaidInOneLine() {
        Map<String, String> environment;
        try (Appliance appliance = Appliance.start(Map.of())) {
            environment = appliance.clientEnvironment();
        }
        CProgram.Result result =
                CProgram.build("errors").run("a_missing_function_is_not_found", environment);
        assertThat(result.exitCode()).isNotZero();
        List<String> said =
                result.output().lines().filter(line -> !line.startsWith("FAILED")).toList();
        assertThat(said).hasSize(1);
        assertThat(said.getFirst()).contains("127.0.0.1", "bitfusion server");
    }

    @Test
    void aWrongSecretIsRefusedInOneLine() throws IOException {
        try (Appliance appliance = Appliance.start(Map.of());
                Appliance other = Appliance.start(Map.of())) {
            Map<String, String> environment = new HashMap<>(appliance.clientEnvironment());
            environment.put("BF_ACCESS_SECRET_FILE", other.accessSecretFile().toString());
            CProgram.Result result =
                    CProgram.build("errors").run("a_missing_function_is_not_found", environment);
            assertThat(result.exitCode()).isNotZero();
            assertThat(result.output().lines().filter(line -> !line.startsWith("FAILED")))
                    .hasSize(1);
        }
    }

    /// Whoever listens in the server's place gets a hello, and nothing that would let it in
    /// anywhere.
    @Test
    void anImpostorLearnsNothing() throws Exception {
        Path folder = Files.createTempDirectory(Repository.target(), "impostor");
        Secret secret = Secret.random(new SecureRandom());
        Path file = Files.writeString(folder.resolve("access.secret"), secret.hex() + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        ByteArrayOutputStream heard = new ByteArrayOutputStream();
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread impostor = Thread.ofPlatform().daemon().start(() -> welcome(listener, heard));
            Path adaptor = folder.resolve("adaptor.conf");
            Files.writeString(adaptor, "127.0.0.1:" + listener.getLocalPort() + "\n");
            Map<String, String> environment =
                    Map.of(
                            "BF_ADAPTOR_CONFIG", adaptor.toString(),
                            "BF_ACCESS_SECRET_FILE", file.toString(),
                            "LD_LIBRARY_PATH", Repository.shim().toString());
            CProgram.Result result =
                    CProgram.build("errors").run("a_missing_function_is_not_found", environment);
            impostor.join();
            assertThat(result.exitCode()).isNotZero();
            assertThat(result.output()).contains("does not know this user's secret");
        }
        assertThat(heard.size()).as("nothing follows the hello").isEqualTo(Hello.BYTES);
        assertThat(Hello.read(ByteBuffer.wrap(heard.toByteArray())).proof()).isEqualTo(Proof.NONE);
        assertThat(HexFormat.of().formatHex(heard.toByteArray())).doesNotContain(secret.hex());
    }

    /// Answers as a server does that knows another secret.
    private static void welcome(ServerSocket listener, ByteArrayOutputStream heard) {
        try (Socket peer = listener.accept()) {
            byte[] hello = peer.getInputStream().readNBytes(Hello.BYTES);
            heard.writeBytes(hello);
            Secret other = Secret.random(new SecureRandom());
            ByteBuffer answer =
                    Handshake.welcome(
                                    Hello.read(ByteBuffer.wrap(hello)),
                                    other,
                                    UUID.randomUUID(),
                                    "impostor",
                                    1)
                            .answer()
                            .bytes();
            peer.getOutputStream().write(answer.array());
            peer.getInputStream().transferTo(heard);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /// The line that sends the user to the server's log is right: workers that were there before
    /// serve, later ones cannot start.
    @Test
    void theLogOfAServerWithoutWorkersSaysWhy() throws IOException {
        Path options =
                Files.writeString(
                        Files.createTempFile(Repository.target(), "options", ""),
                        "-Dnothing.special=1");
        CProgram program = CProgram.build("errors");
        String test = "a_missing_function_is_not_found";
        try (Appliance appliance =
                Appliance.start(Map.of("BF_WORKER_JAVA_OPTIONS", "@" + options))) {
            await().atMost(Duration.ofMinutes(1)).until(() -> appliance.log().contains(" served"));
            Files.writeString(options, "-XX:NoSuchOption=1");
            CProgram.Result last = program.run(test, appliance.clientEnvironment());
            for (int i = 0; i < 9 && last.exitCode() == 0; i++) {
                last = program.run(test, appliance.clientEnvironment());
            }
            assertThat(last.output()).contains("has no worker for this program", "its log says");
            assertThat(appliance.log()).contains("NoSuchOption");
        }
        Files.delete(options);
    }

    @Test
    void aGibibyteEachWayFinishesThroughSmallSocketBuffers() {
        List<String> namespace =
                List.of(
                        "unshare",
                        "--net",
                        "sh",
                        "-c",
                        "ip link set lo up && sysctl -qw net.ipv4.tcp_rmem='4096 65536 65536'"
                                + " net.ipv4.tcp_wmem='4096 65536 65536' && exec \"$@\"",
                        "sh");
        try (Appliance appliance = Appliance.start(namespace, Map.of("BF_SOFT_MEMORY", "4096"))) {
            CProgram program = CProgram.build("threads");
            CProgram.Result result =
                    CProgram.run(
                            List.of(
                                    "nsenter",
                                    "--net",
                                    "--target",
                                    Long.toString(appliance.process().pid()),
                                    program.executable().toString(),
                                    "a_gibibyte_each_way_at_once_finishes"),
                            appliance.clientEnvironment(),
                            120);
            assertThat(result.output()).contains("PASSED");
        }
    }

    /// A program of `process.c`, or of another file, that has said that it works.
    record Running(Process process, BufferedReader output) {
        static Running start(Appliance appliance, String test) throws IOException {
            return start(appliance.clientEnvironment(), test);
        }

        static Running start(Map<String, String> environment, String test) throws IOException {
            return start("process", test, environment);
        }

        static Running start(String name, String test, Map<String, String> environment)
                throws IOException {
            CProgram program = CProgram.build(name);
            Process process =
                    CProgram.start(
                            List.of(program.executable().toString(), test),
                            environment,
                            ProcessBuilder.Redirect.PIPE);
            BufferedReader output = process.inputReader();
            StringBuilder before = new StringBuilder();
            for (String line = output.readLine();
                    !"working".equals(line);
                    line = output.readLine()) {
                assertThat(line).as("%s ended early: %s", test, before).isNotNull();
                before.append(line).append('\n');
            }
            return new Running(process, output);
        }

        String rest() throws IOException {
            StringBuilder text = new StringBuilder();
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                text.append(line).append('\n');
            }
            return text.toString();
        }
    }
}
