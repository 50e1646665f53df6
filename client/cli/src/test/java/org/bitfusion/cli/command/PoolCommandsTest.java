package org.bitfusion.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.bitfusion.cli.Distribution;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.AdaptorFile;
import org.bitfusion.cli.pool.StandInManager;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.pem.Certificates;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The commands that speak with managers only.
class PoolCommandsTest {
    private static final TestPool POOL = new TestPool();
    private static final Distribution DISTRIBUTION =
            new Distribution(Path.of("/opt/bitfusion"), "bitfusion");
    private static final String SERVERS =
            """
            [{"id":"a","name":"gpu-1","addresses":["172.31.51.20","10.1.0.1"],"controlPort":56001,
              "dispatcherPort":55001,"state":"available","tasks":0,"gpus":[
              {"index":0,"uuid":"u","name":"T4","memoryMiB":12000,"freeMiB":12000},
              {"index":1,"uuid":"v","name":"T4","memoryMiB":12000,"freeMiB":6000}]},
             {"id":"b","name":"gpu-2","addresses":["172.31.51.26"],"controlPort":56003,
              "dispatcherPort":55001,"state":"draining","tasks":2,"gpus":[]}]
            """;

    @TempDir Path home;

    private String output(StandInManager manager, String... arguments) throws IOException {
        StandInManager.home(home, manager.pool, List.of(manager.address()));
        manager.pool.client().writeFile(home.resolve(".bitfusion/tls/client.pem"));
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        assertThat(
                        PoolCommands.execute(
                                DISTRIBUTION,
                                Map.of("HOME", home.toString()),
                                new PrintStream(output, true, StandardCharsets.UTF_8),
                                arguments))
                .isZero();
        return output.toString(StandardCharsets.UTF_8);
    }

    private Fault fault(
            Function<StandInManager.Asked, StandInManager.Answer> answers, String... arguments)
            throws IOException {
        try (StandInManager manager = new StandInManager(POOL, answers)) {
            Fault fault = catchThrowableOfType(Fault.class, () -> output(manager, arguments));
            assertThat(fault).isNotNull();
            assertThat(fault.line()).doesNotContain("\n");
            return fault;
        }
    }

    @Test
    void gpusAreListedAsTheProductLists() throws IOException {
        try (StandInManager manager =
                new StandInManager(POOL, _ -> StandInManager.Answer.json(200, SERVERS))) {
            assertThat(output(manager, "list_gpus"))
                    .isEqualTo(
                            """
                            - server 0 [172.31.51.20:56001]: running 0 tasks
                               |- GPU 0: free memory 12000 MiB / 12000 MiB
                               |- GPU 1: free memory 6000 MiB / 12000 MiB
                            - server 1 [172.31.51.26:56003]: running 2 tasks, draining
                            """);
            String json = output(manager, "list_gpus", "--output", "json");
            assertThat(json.replaceAll("\\s+", "")).isEqualTo(SERVERS.replaceAll("\\s+", ""));
            assertThat(manager.asked.getFirst().target()).isEqualTo("/api/v1/servers");
        }
    }

    @Test
    void aServerThatHasNotSaidItsPortIsStarting() throws IOException {
        String starting = SERVERS.replace("\"controlPort\":56003", "\"controlPort\":0");
        try (StandInManager manager =
                new StandInManager(
                        POOL,
                        _ ->
                                StandInManager.Answer.json(
                                        200, starting.replace("draining", "unavailable")))) {
            assertThat(output(manager, "list_gpus"))
                    .contains("- server 0 [172.31.51.20:56001]: running 0 tasks\n")
                    .endsWith(
                            "- server 1 [172.31.51.26]: running 2 tasks, starting, unavailable\n");
        }
    }

    @Test
    void onAnApplianceItsOwnCertificateDoes() throws IOException {
        try (StandInManager manager =
                new StandInManager(POOL, _ -> StandInManager.Answer.json(200, SERVERS))) {
            Path appliance = home.resolve("appliance");
            Files.createDirectories(appliance.resolve("tls"));
            Certificates.writeFile(appliance.resolve("tls/ca.crt"), List.of(POOL.authority.root()));
            POOL.appliance().writeFile(appliance.resolve("tls/appliance.pem"));
            Files.writeString(
                    appliance.resolve("bitfusion-manager.yaml"),
                    "addresses:\n- \"127.0.0.1\"\nport: " + manager.address().port() + "\n");
            ByteArrayOutputStream output = new ByteArrayOutputStream();
            assertThat(
                            PoolCommands.execute(
                                    DISTRIBUTION,
                                    Map.of(
                                            "HOME",
                                            home.toString(),
                                            "BF_MANAGER_FOLDER",
                                            appliance.toString()),
                                    new PrintStream(output, true, StandardCharsets.UTF_8),
                                    "list_gpus"))
                    .isZero();
            assertThat(output.toString(StandardCharsets.UTF_8))
                    .contains("- server 1 [172.31.51.26:56003]");
            assertThat(manager.asked.getFirst().client().orElseThrow().role())
                    .isEqualTo(PeerRole.APPLIANCE);
            assertThat(home.resolve(".bitfusion")).doesNotExist();
        }
    }

    @Test
    void anAnswerThatIsNotUnderstoodIsOneLine() throws IOException {
        for (String answer : List.of("{}", "[1]", "[{}]", "nonsense", "[", "")) {
            for (String output : List.of("text", "json")) {
                Fault fault =
                        fault(
                                _ -> StandInManager.Answer.json(200, answer),
                                "list_gpus",
                                "--output=" + output);
                assertThat(fault.code()).isEqualTo(ExitCode.PROTOCOL);
            }
        }
    }

    @Test
    void wrongOptionsAreNamed() throws IOException {
        Function<StandInManager.Asked, StandInManager.Answer> none =
                _ -> StandInManager.Answer.json(200, "[]");
        assertThat(fault(none, "list_gpus", "--output", "xml").line()).contains("json or text");
        assertThat(fault(none, "list_gpus", "x").line()).contains("one word too many");
        assertThat(fault(none, "list_gpus", "-z").line()).contains("unknown option -z");
        assertThat(fault(none, "list_gpus", "-s", "a", "-l", "b").line()).contains("exclude");
        assertThat(fault(none, "request_gpus").line()).contains("-n");
        assertThat(fault(none, "request_gpus", "-n", "1", "--filter", "x").line())
                .contains("key=value");
        assertThat(fault(none, "release_gpus", "-f", "/nonexistent").code())
                .isEqualTo(ExitCode.UNREADABLE_CONFIGURATION);
    }

    private static StandInManager.Answer granted(StandInManager.Asked asked, int port) {
        String id = asked.body().replaceAll("(?s).*\"id\":\"([0-9a-f-]{36})\".*", "$1");
        return asked.method().equals("DELETE")
                ? StandInManager.Answer.raw("HTTP/1.1 204 No Content\r\n\r\n")
                : StandInManager.Answer.json(
                        201,
                        """
                        {"id":"%s","secret":"00112233445566778899aabbccddeeff","renewSeconds":600,
                         "idleTimeoutSeconds":0,"parts":[{"appliance":"a","name":"gpu-1",
                         "addresses":["127.0.0.1"],"dispatcherPort":%d,"controlPort":56001,
                         "build":"5.0.0","networks":[
                         {"name":"net3","address":"10.3.0.5","netmask":24,"mtu":1500,"rank":1},
                         {"name":"net2","address":"10.2.0.5","netmask":24,"mtu":9000,"rank":0}],"gpus":[{"index":0,"uuid":"%s","name":"T4","memoryMiB":5}]}]}
                        """
                                .formatted(id, port, UUID.randomUUID()));
    }

    @Test
    void requestedGpusAreInAFileThatItsUserAloneReads() throws Exception {
        Path file = home.resolve("adaptor.conf");
        try (ServerSocket dispatcher = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                StandInManager manager =
                        new StandInManager(
                                POOL, asked -> granted(asked, dispatcher.getLocalPort()))) {
            var _ = output(manager, "request_gpus", "-n", "1", "-f", file.toString());
            assertThat(manager.asked.getFirst().body()).contains("\"origin\":\"request_gpus\"");
            List<AdaptorFile.LeasedPart> parts = AdaptorFile.leasedParts(file);
            assertThat(parts).hasSize(1);
            assertThat(parts.getFirst().dispatcher().port()).isEqualTo(dispatcher.getLocalPort());
            assertThat(parts.getFirst().tls()).isTrue();
            assertThat(Files.readString(file)).endsWith(" tls net2=10.2.0.5,0 net3=10.3.0.5,1\n");
            for (String name : List.of("adaptor.conf", "adaptor.conf.d/tls/client.pem")) {
                assertThat(
                                PosixFilePermissions.toString(
                                        Files.getPosixFilePermissions(home.resolve(name))))
                        .isEqualTo("rw-------");
            }
            Fault twice =
                    catchThrowableOfType(
                            Fault.class,
                            () ->
                                    output(
                                            manager,
                                            "request_gpus",
                                            "-n",
                                            "1",
                                            "-f",
                                            file.toString()));
            assertThat(twice.line()).contains("release_gpus -f " + file);
            end(dispatcher);
            // Its dispatcher is gone; the pool is told instead.
            var _ = output(manager, "release_gpus", "-n", "1", "-f", file.toString());
            assertThat(manager.asked.getLast().method()).isEqualTo("DELETE");
            assertThat(file).doesNotExist();
            assertThat(home.resolve("adaptor.conf.d")).doesNotExist();
        }
    }

    private static void end(ServerSocket socket) throws IOException {
        socket.close();
    }

    /// Its folder is gone when they are granted.
    @Test
    void gpusThatCannotBeNotedDownAreGivenBack() throws Exception {
        Path folder = Files.createDirectory(home.resolve("folder"));
        Path file = folder.resolve("adaptor.conf");
        try (ServerSocket dispatcher = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                StandInManager manager =
                        new StandInManager(
                                POOL,
                                asked -> {
                                    new LeaseFiles(file, Optional.empty()).discard();
                                    assertThat(
                                                    folder.toFile().delete()
                                                            || Files.isRegularFile(folder))
                                            .isTrue();
                                    write(folder, "");
                                    return granted(asked, dispatcher.getLocalPort());
                                })) {
            Fault fault = requestFault(manager, file);
            assertThat(fault.code()).isEqualTo(ExitCode.CANNOT_CREATE);
            assertThat(fault.line()).endsWith("the GPUs are given back");
            assertThat(manager.asked.getLast().method()).isEqualTo("DELETE");
        }
    }

    @Test
    void nothingIsAskedForThatCannotBeNotedDown() throws Exception {
        try (StandInManager manager = new StandInManager(POOL, asked -> granted(asked, 1))) {
            Files.writeString(home.resolve("file"), "");
            Fault fault = requestFault(manager, home.resolve("file/adaptor.conf"));
            assertThat(fault.code()).isEqualTo(ExitCode.CANNOT_CREATE);
            assertThat(fault.line()).endsWith("name another file with -f");
            assertThat(manager.asked).isEmpty();
        }
    }

    private Fault requestFault(StandInManager manager, Path file) {
        return catchThrowableOfType(
                Fault.class,
                () -> output(manager, "request_gpus", "-n", "1", "-f", file.toString()));
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    /// Its files are then as they are while the manager decides.
    @Test
    void whatARequestThatWasKilledGotIsReleasedByItsFile() throws Exception {
        Path file = home.resolve("adaptor.conf");
        Path left = home.resolve("left.conf");
        try (ServerSocket dispatcher = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                StandInManager manager =
                        new StandInManager(
                                POOL,
                                asked -> {
                                    if (asked.method().equals("POST")) {
                                        copy(file, left);
                                    }
                                    return granted(asked, dispatcher.getLocalPort());
                                })) {
            var _ = output(manager, "request_gpus", "-n", "1", "-f", file.toString());
            String id = AdaptorFile.leasedParts(file).getFirst().lease().toString();
            assertThat(AdaptorFile.requested(left).map(UUID::toString)).contains(id);
            assertThat(AdaptorFile.requested(file)).isEmpty();
            assertThat(requestFault(manager, left).line()).contains("release_gpus -f " + left);
            assertThat(catchThrowableOfType(Fault.class, () -> AdaptorFile.read(left)).line())
                    .contains("release_gpus -f " + left);

            var _ = output(manager, "release_gpus", "-f", left.toString());
            assertThat(manager.asked.getLast().method()).isEqualTo("DELETE");
            assertThat(manager.asked.getLast().target()).isEqualTo("/api/v1/leases/" + id);
            assertThat(left).doesNotExist();
            assertThat(AdaptorFile.tlsFolder(left).getParent()).doesNotExist();
        }
    }

    @Test
    void aRefusedRequestLeavesNoFile() throws Exception {
        Path file = home.resolve("adaptor.conf");
        try (StandInManager manager =
                new StandInManager(
                        POOL,
                        _ ->
                                StandInManager.Answer.json(
                                        422,
                                        "{\"title\":\"x\",\"status\":422,\"detail\":\"none\",\"code\":122}"))) {
            assertThat(requestFault(manager, file)).isNotNull();
            assertThat(file).doesNotExist();
            assertThat(AdaptorFile.tlsFolder(file).getParent()).doesNotExist();
            Files.writeString(file, "10.0.0.5:55001\n");
            assertThat(requestFault(manager, file)).isNotNull();
            assertThat(file).as("somebody's list").hasContent("10.0.0.5:55001");
        }
    }

    private static void copy(Path file, Path to) {
        try {
            Path tls = AdaptorFile.tlsFolder(file);
            Path copied = Files.createDirectories(AdaptorFile.tlsFolder(to));
            for (String name : List.of("ca.crt", "client.pem")) {
                Files.copy(
                        tls.resolve(name),
                        copied.resolve(name),
                        StandardCopyOption.REPLACE_EXISTING,
                        StandardCopyOption.COPY_ATTRIBUTES);
            }
            if (AdaptorFile.requested(file).isPresent()) {
                Files.copy(
                        file,
                        to,
                        StandardCopyOption.REPLACE_EXISTING,
                        StandardCopyOption.COPY_ATTRIBUTES);
            }
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }
}
