package org.bitfusion.systemtests.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Every sample that this machine can build (driver API with gcc; static and shared CUDA runtime
/// where nvcc is installed) under `bitfusion run`, one after another and eight at once.
class SamplesIT {
    private static final Path SAMPLES = Repository.root().resolve("samples");
    private static final Path TARGET = SAMPLES.resolve("target");
    private static final int BUILD_SECONDS = 600;
    private static final int PROGRAM_SECONDS = 120;

    /// Of each GPU: eight programs fit at once.
    private static final String SHARE_MEBIBYTES = "256";

    private static Appliance appliance;

    @BeforeAll
    static void buildSamplesAndStart() {
        CProgram.Result make = CProgram.run(Repository.make("samples"), Map.of(), BUILD_SECONDS);
        assertThat(make.exitCode()).describedAs(make.output()).isZero();
        appliance = Appliance.start(Map.of());
    }

    @AfterAll
    static void stop() {
        appliance.close();
    }

    @TestFactory
    Stream<DynamicTest> sampleFindsItsOwnResultRight() {
        return Stream.of("driver", "static", "shared", "native", "random", "forms")
                .flatMap(SamplesIT::programs)
                .map(program ->
                        DynamicTest.dynamicTest(
                                TARGET.relativize(program).toString(), () -> passes(program)));
    }

    @Test
    void eightAtOnceAllFindTheirResultsRight() {
        String folder =
                TARGET.resolve(Files.exists(TARGET.resolve("shared")) ? "shared" : "driver")
                        .toString();
        CProgram.Result result =
                CProgram.run(
                        List.of(
                                SAMPLES.resolve("run-all").toString(),
                                "-j",
                                "8",
                                "-t",
                                Integer.toString(PROGRAM_SECONDS),
                                "-b",
                                String.join(" ", runOn("1")),
                                folder),
                        environment(),
                        5 * PROGRAM_SECONDS);
        assertThat(result.exitCode()).describedAs(result.output()).isZero();
        assertThat(result.output()).contains("PASSED");
    }

    private static void passes(Path program) {
        List<String> command =
                Stream.concat(
                                runOn(program.endsWith("multi_gpu") ? "2" : "1").stream(),
                                Stream.of(program.toString()))
                        .toList();
        CProgram.Result result = CProgram.run(command, environment(), PROGRAM_SECONDS);
        assertThat(result.output()).contains("PASSED\n");
        assertThat(result.exitCode()).isZero();
    }

    private static List<String> runOn(String gpus) {
        String bitfusion = Repository.bitfusion().toString();
        return List.of(
                bitfusion,
                "run",
                "-n",
                gpus,
                "-m",
                SHARE_MEBIBYTES,
                "-l",
                "127.0.0.1:" + appliance.port(),
                "--");
    }

    private static Map<String, String> environment() {
        return Map.of("BF_ACCESS_SECRET_FILE", appliance.accessSecretFile().toString());
    }

    private static Stream<Path> programs(String folder) {
        Path path = TARGET.resolve(folder);
        if (!Files.isDirectory(path)) {
            return Stream.of();
        }
        try (Stream<Path> files = Files.list(path)) {
            return files
                    .filter(Files::isExecutable)
                    .filter(Files::isRegularFile)
                    .filter(file -> !file.endsWith("generate"))
                    .sorted()
                    .toList()
                    .stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
