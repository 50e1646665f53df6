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

/// Every test of the programs named below, in a process of its own, against one appliance.
class SemanticsIT {
    private static Appliance appliance;

    @BeforeAll
    static void startAppliance() {
        appliance = Appliance.start(Map.of());
    }

    @AfterAll
    static void stopAppliance() {
        appliance.close();
    }

    @TestFactory
    Stream<DynamicTest> errors() {
        return testsOf("errors");
    }

    @TestFactory
    Stream<DynamicTest> memory() {
        return testsOf("memory");
    }

    @TestFactory
    Stream<DynamicTest> pinned() {
        return testsOf("pinned");
    }

    @TestFactory
    Stream<DynamicTest> threads() {
        return testsOf("threads");
    }

    @TestFactory
    Stream<DynamicTest> process() {
        return testsOf("process");
    }

    @TestFactory
    Stream<DynamicTest> addresses() {
        return testsOf("addresses");
    }

    @TestFactory
    Stream<DynamicTest> images() {
        return testsOf("images");
    }

    @TestFactory
    Stream<DynamicTest> refusals() {
        return testsOf("refusals");
    }

    @TestFactory
    Stream<DynamicTest> descriptors() {
        return testsOf("descriptors");
    }

    @TestFactory
    Stream<DynamicTest> waits() {
        return testsOf("waits");
    }

    private static Stream<DynamicTest> testsOf(String name) {
        CProgram program = CProgram.build(name);
        return program.tests().stream()
                .map(test -> DynamicTest.dynamicTest(test, () -> passes(program, test)));
    }

    private static void passes(CProgram program, String test) {
        CProgram.Result result = program.run(test, appliance.clientEnvironment());
        assertThat(result.output()).contains("PASSED " + test);
        assertThat(result.exitCode()).isZero();
    }
}
