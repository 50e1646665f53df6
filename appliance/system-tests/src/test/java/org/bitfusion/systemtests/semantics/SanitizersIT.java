package org.bitfusion.systemtests.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// The programs of [SemanticsIT] once more, they and the library built with sanitizers.
class SanitizersIT {
    private static final List<String> PROGRAMS =
            List.of(
                    "errors",
                    "memory",
                    "pinned",
                    "threads",
                    "addresses",
                    "images",
                    "refusals",
                    "waits");

    /// These fork or clone while threads run: the thread sanitizer takes a child's memory for its
    /// parent's.
    private static final List<String> FORKING = List.of("process", "descriptors");

    /// The tests of one sanitizer, one after the other, on an appliance of their own.
    private static final class Runs implements AutoCloseable {
        private final Map<String, Future<CProgram.Result>> results = new LinkedHashMap<>();
        private final Appliance appliance = Appliance.start(Map.of());
        private final ExecutorService thread = Executors.newSingleThreadExecutor();

        Runs(CProgram.Sanitizer sanitizer, List<String> names) {
            Map<String, String> environment = new HashMap<>(appliance.clientEnvironment());
            environment.put("LD_LIBRARY_PATH", sanitizer.shim().toString());
            // What the library keeps until the process ends is no leak; faults are the programs'
            // own to handle.
            environment.put("ASAN_OPTIONS", "detect_leaks=0:handle_segv=0");
            environment.put("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1");
            for (String name : names) {
                CProgram program = CProgram.build(name, sanitizer);
                for (String test : program.tests()) {
                    results.put(test, thread.submit(() -> program.run(test, environment)));
                }
            }
        }

        Stream<DynamicTest> tests() {
            return results.entrySet().stream()
                    .map(run ->
                            DynamicTest.dynamicTest(
                                    run.getKey(),
                                    () -> passes(run.getKey(), run.getValue().get())));
        }

        @Override
        public void close() {
            thread.shutdownNow();
            appliance.close();
        }
    }

    private static Runs addresses;
    private static Runs races;

    @BeforeAll
    static void start() {
        CProgram.Result built =
                CProgram.run(
                        Repository.make(
                                "client/shim",
                                "JAVA_HOME=" + System.getProperty("java.home"),
                                "asan",
                                "tsan"),
                        Map.of(),
                        600);
        assertThat(built.exitCode()).as(built.output()).isZero();
        List<String> all = new ArrayList<>(PROGRAMS);
        all.addAll(FORKING);
        addresses = new Runs(CProgram.Sanitizer.ADDRESS, all);
        races = new Runs(CProgram.Sanitizer.THREAD, PROGRAMS);
    }

    @AfterAll
    static void stop() {
        addresses.close();
        races.close();
    }

    @TestFactory
    Stream<DynamicTest> addressesAndUndefinedBehaviour() {
        return addresses.tests();
    }

    @TestFactory
    Stream<DynamicTest> dataRaces() {
        return races.tests();
    }

    private static void passes(String test, CProgram.Result result) {
        assertThat(result.output())
                .contains("PASSED " + test)
                .doesNotContain("Sanitizer", "runtime error");
        assertThat(result.exitCode()).isZero();
    }
}
