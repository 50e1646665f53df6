package org.bitfusion.systemtests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.bitfusion.systemtests.tls.PoolFiles;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// NVML in a session, `nvml.c`, and NVIDIA's own nvidia-smi (Debian's section non-free; `./dev
/// test` fetches it).
class NvmlIT {
    private static final String MEBIBYTES = "384";
    private static final String WITHOUT = "without_a_server_there_is_no_driver";
    private static final String WITH_A_TOOL = "a_tool_sees_what_it_holds";
    private static final String BESIDE_A_SILENT_ONE = "a_silent_server_hides_no_other";
    private static final CProgram PROGRAM = CProgram.build("nvml");
    private static final Path NVIDIA_SMI =
            Repository.root().resolve("target/nvidia-smi/usr/lib/nvidia/current/nvidia-smi");
    private static Appliance appliance;

    @BeforeAll
    static void start() {
        appliance = Appliance.start(Map.of());
    }

    @AfterAll
    static void stop() {
        appliance.close();
    }

    private static Cli cli(Appliance of) {
        return Cli.of(of)
                .with("BF_TEST_MEBIBYTES", MEBIBYTES)
                .with(
                        "BF_TEST_NAMES",
                        Repository.root().resolve("protocol/spec/nvml.names").toString());
    }

    private static Cli.Result run(String... words) {
        return run(cli(appliance), appliance, words);
    }

    private static Cli.Result run(Cli cli, Appliance of, String... words) {
        String server = "127.0.0.1:" + of.port();
        List<String> all = new ArrayList<>(List.of("run", "-q", "-n", "2", "-m", MEBIBYTES));
        all.addAll(List.of("-l", server, "--"));
        all.addAll(List.of(words));
        return cli.execute(all.toArray(String[]::new));
    }

    @TestFactory
    Stream<DynamicTest> programs() {
        return PROGRAM.tests().stream()
                .filter(test -> !List.of(WITHOUT, WITH_A_TOOL, BESIDE_A_SILENT_ONE).contains(test))
                .map(test ->
                        DynamicTest.dynamicTest(
                                test,
                                () -> {
                                    Cli.Result result = run(PROGRAM.executable().toString(), test);
                                    assertThat(result.output() + result.errors())
                                            .isEqualTo("PASSED " + test + "\n");
                                }));
    }

    @Test
    void outsideASessionThereIsNoDriver() throws Exception {
        Path home = Files.createTempDirectory(Repository.target(), "nobody");
        CProgram.Result result =
                PROGRAM.run(
                        WITHOUT,
                        Map.of(
                                "HOME",
                                home.toString(),
                                "LD_LIBRARY_PATH",
                                Repository.shim().toString()));
        assertThat(result.output()).isEqualTo("PASSED " + WITHOUT + "\n");
    }

    @Test
    void aSilentServerHidesNoOther() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
                Appliance one = Appliance.start(Map.of())) {
            Map<String, String> environment = one.clientEnvironment();
            Files.writeString(
                    Path.of(environment.get("BF_ADAPTOR_CONFIG")),
                    "127.0.0.1:" + silent.getLocalPort() + "\n",
                    StandardOpenOption.APPEND);
            CProgram.Result result = PROGRAM.run(BESIDE_A_SILENT_ONE, environment);
            assertThat(result.output()).isEqualTo("PASSED " + BESIDE_A_SILENT_ONE + "\n");
        }
    }

    @Test
    void nvidiaSmiShowsTheShare() {
        assumeTrue(Files.isExecutable(NVIDIA_SMI), "there is no nvidia-smi: ./dev test fetches it");
        Cli.Result table = run(NVIDIA_SMI.toString());
        assertThat(table.errors()).isEmpty();
        assertThat(table.output())
                .contains("0MiB /   384MiB", "Bitfusion Software GPU", "No running processes found")
                .contains("Driver Version: 5.0.0");
        Cli.Result list = run(NVIDIA_SMI.toString(), "-L");
        assertThat(list.output().lines())
                .hasSize(2)
                .allMatch(line ->
                        line.matches("GPU \\d: Bitfusion Software GPU \\(UUID: GPU-[0-9a-f-]+\\)"));
        Cli.Result asked =
                run(
                        NVIDIA_SMI.toString(),
                        "--query-gpu=index,memory.total,memory.used,utilization.gpu",
                        "--format=csv,noheader");
        assertThat(asked.output())
                .isEqualTo("0, 384 MiB, 0 MiB, [N/A]\n1, 384 MiB, 0 MiB, [N/A]\n");
    }

    /// The program is one of the session, the tool another.
    @Test
    void nvidiaSmiShowsTheProgramsOfTheLeaseAndWhatTheyUse() {
        assumeTrue(Files.isExecutable(NVIDIA_SMI), "there is no nvidia-smi: ./dev test fetches it");
        String tool =
                "%1$s --query-compute-apps=pid,name --format=csv,noheader; ".formatted(NVIDIA_SMI)
                        + NVIDIA_SMI
                        + " --query-gpu=memory.used --format=csv,noheader,nounits; "
                        + NVIDIA_SMI;
        String program = PROGRAM.executable().toString();
        Cli.Result result =
                run(cli(appliance).with("BF_TEST_TOOL", tool), appliance, program, WITH_A_TOOL);
        List<String> lines = result.output().lines().toList();
        assertThat(lines).as(result.toString()).hasSizeGreaterThan(5);
        assertThat(lines.subList(0, 2))
                .allMatch(line -> line.matches("\\d+, .*") && line.endsWith(", " + program));
        assertThat(Integer.parseInt(lines.get(2))).isBetween(100, 164);
        assertThat(Integer.parseInt(lines.get(3))).isLessThan(64);
        assertThat(lines.getLast()).isEqualTo("PASSED " + WITH_A_TOOL);
        assertThat(lines.stream().filter(line -> line.matches(".* C .*/programs/nvml .*")))
                .as(result.output())
                .hasSize(2);
    }

    @Test
    void overTlsItIsTheSame() {
        PoolFiles pool = new PoolFiles();
        String test = PROGRAM.tests().getFirst();
        try (Appliance far = Appliance.start(pool.settings("127.0.0.1"))) {
            Cli cli = cli(far).with("HOME", pool.client().toString()).with("BF_TLS", "always");
            Cli.Result result = run(cli, far, PROGRAM.executable().toString(), test);
            assertThat(result.output()).isEqualTo("PASSED " + test + "\n");
        }
    }
}
