package org.bitfusion.systemtests.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.stream.Stream;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Every test of `servers.c` in a process of its own against two appliances with two GPUs each, of
/// compute capability 8.0 and 9.0.
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

    @TestFactory
    Stream<DynamicTest> servers() {
        CProgram program = CProgram.build("servers");
        return program.tests().stream()
                .map(test -> DynamicTest.dynamicTest(test, () -> passes(program, test)));
    }

    private static void passes(CProgram program, String test) {
        CProgram.Result result = program.run(test, first.clientEnvironment(second));
        assertThat(result.output()).contains("PASSED " + test);
        assertThat(result.exitCode()).isZero();
    }
}
