package org.bitfusion.systemtests.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.bitfusion.protocol.VersionRange;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.FarAppliance;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// A client of the release before this one works with the server of this one: kept builds of the
/// library (`src/test/resources/clients`) under programs that use today's appliance.
class VersionsIT {
    private static final int OLDER = 2;

    private static Path library;

    @BeforeAll
    static void unpackTheKeptClient() throws IOException {
        assumeTrue(
                System.getProperty("os.arch").equals("amd64"),
                "the kept clients are made for x86-64");
        library = Files.createTempDirectory("older-client");
        String name = "/clients/libcuda-protocol-" + OLDER + ".so.gz";
        try (InputStream packed =
                new GZIPInputStream(
                        Objects.requireNonNull(VersionsIT.class.getResourceAsStream(name)))) {
            Files.copy(
                    packed, library.resolve("libcuda.so.1"), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static Map<String, String> withOlderClient(Map<String, String> environment) {
        Map<String, String> older = new HashMap<>(environment);
        older.put("LD_LIBRARY_PATH", library.toString());
        return older;
    }

    @Test
    void theKeptClientIsOneReleaseOlder() {
        assertThat(VersionRange.OWN.maximum()).isEqualTo(OLDER + 1);
        assertThat(VersionRange.OWN.contains(OLDER)).isTrue();
    }

    @TestFactory
    Stream<DynamicTest> anOlderClientWorks() {
        CProgram program = CProgram.build("versions");
        return program.tests().stream()
                .map(test ->
                        DynamicTest.dynamicTest(
                                test,
                                () -> {
                                    try (Appliance appliance = Appliance.start(Map.of())) {
                                        CProgram.Result result =
                                                program.run(
                                                        test,
                                                        withOlderClient(
                                                                appliance.clientEnvironment()));
                                        assertThat(result.output())
                                                .isEqualTo("PASSED " + test + "\n");
                                        assertThat(appliance.log())
                                                .contains("protocol=" + OLDER + " ");
                                    }
                                }));
    }

    @Test
    void todaysClientSpeaksTodaysVersion() {
        CProgram program = CProgram.build("versions");
        String test = "a_large_image_is_loaded_twice";
        try (Appliance appliance = Appliance.start(Map.of())) {
            CProgram.Result result = program.run(test, appliance.clientEnvironment());
            assertThat(result.output()).isEqualTo("PASSED " + test + "\n");
            assertThat(appliance.log()).contains("protocol=" + VersionRange.OWN.maximum() + " ");
        }
    }

    @Test
    void anOlderClientsSessionOutlivesItsConnection() throws Exception {
        try (FarAppliance far = FarAppliance.start()) {
            Map<String, String> environment = withOlderClient(far.appliance().clientEnvironment());
            Files.writeString(Path.of(environment.get("BF_ADAPTOR_CONFIG")), far.address() + "\n");
            environment.put("BF_TEST_SECONDS", "3");
            FaultsIT.Running program =
                    FaultsIT.Running.start("breaks", "every_call_is_executed_once", environment);
            int before = far.relay().accepted();
            for (int i = 0; i < 4; i++) {
                program.process().waitFor(500, TimeUnit.MILLISECONDS);
                far.relay().cut();
            }
            assertThat(program.rest()).isEqualTo("PASSED every_call_is_executed_once\n");
            assertThat(far.relay().accepted() - before).isGreaterThanOrEqualTo(2);
            assertThat(far.appliance().log()).contains("protocol=" + OLDER + " ");
        }
    }
}
