package org.bitfusion.systemtests.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Every test of `servers.c` and `peers.c` in a process of its own against two appliances with two
/// GPUs each, of compute capability 8.0 and 9.0.
class ServersIT {
    private static Appliance first;
    private static Appliance second;

    @BeforeAll
    static void startAppliances() {
        first = Appliance.start(Map.of());
        second =
                Appliance.start(
                        Map.of(
                                "BF_ACCESS_SECRET_FILE",
                                first.accessSecretFile().toString(),
                                "BF_SOFT_COMPUTE_CAPABILITY",
                                "9.0"));
    }

    @AfterAll
    static void stopAppliances() {
        first.close();
        second.close();
    }

    /// Copies between the two take either way: from worker to worker, or through the client.
    @TestFactory
    Stream<DynamicTest> servers() {
        return Stream.of("servers", "peers")
                .map(CProgram::build)
                .flatMap(program ->
                        program.tests().stream()
                                .flatMap(test ->
                                        Stream.of("always", "off")
                                                .map(direct ->
                                                        DynamicTest.dynamicTest(
                                                                test + ", direct copies " + direct,
                                                                () ->
                                                                        passes(
                                                                                program, test,
                                                                                direct)))));
    }

    private static void passes(CProgram program, String test, String direct) {
        Map<String, String> environment = new HashMap<>(first.clientEnvironment(second));
        environment.put("BF_DIRECT_COPIES", direct);
        CProgram.Result result = program.run(test, environment);
        assertThat(result.output()).contains("PASSED " + test);
        assertThat(result.exitCode()).isZero();
    }
}
