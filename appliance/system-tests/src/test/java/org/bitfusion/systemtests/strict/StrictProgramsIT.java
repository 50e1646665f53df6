package org.bitfusion.systemtests.strict;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.gpu.OtherOnCuda;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// The semantics programs over `gpu-cuda` and the strict driver: those that have to do with the
/// GPU.
class StrictProgramsIT {
    private static final Map<String, String> UNKNOWN =
            Map.of(
                    "a_failed_assertion_says_so_on_stderr_and_ends_the_context",
                    "the strict driver does not know the program's own kernel");

    private static Appliance appliance;

    @BeforeAll
    static void startAppliance() {
        appliance = StrictDriverIT.start(Map.of());
    }

    @AfterAll
    static void stopAppliance() {
        appliance.close();
    }

    @TestFactory
    Stream<DynamicTest> programs() {
        return Stream.of("errors", "memory", "pinned", "threads", "addresses", "images", "waits")
                .flatMap(StrictProgramsIT::testsOf);
    }

    private static Stream<DynamicTest> testsOf(String name) {
        CProgram program = CProgram.build(name);
        return program.tests().stream()
                .map(test -> DynamicTest.dynamicTest(test, () -> passes(program, test)));
    }

    /// From worker to worker, and through the client.
    @TestFactory
    Stream<DynamicTest> copiesBetweenServers() {
        CProgram program = CProgram.build("peers");
        Appliance second =
                StrictDriverIT.start(
                        Map.of("BF_ACCESS_SECRET_FILE", appliance.accessSecretFile().toString()));
        return program.tests().stream()
                .map(test ->
                        DynamicTest.dynamicTest(
                                test,
                                () -> {
                                    Map<String, String> environment =
                                            new HashMap<>(appliance.clientEnvironment(second));
                                    environment.put("BF_DIRECT_COPIES", "always");
                                    passes(program, test, environment);
                                }))
                .onClose(second::close);
    }

    private static void passes(CProgram program, String test) {
        passes(program, test, appliance.clientEnvironment());
    }

    private static void passes(CProgram program, String test, Map<String, String> environment) {
        Optional<String> reason =
                OtherOnCuda.reason(test).or(() -> Optional.ofNullable(UNKNOWN.get(test)));
        Assumptions.assumeTrue(reason.isEmpty(), () -> reason.orElse(""));
        CProgram.Result result = program.run(test, environment);
        assertThat(result.output()).contains("PASSED " + test);
        assertThat(result.exitCode()).isZero();
    }
}
