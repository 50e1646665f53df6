package org.bitfusion.bench.jvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collection;
import java.util.List;
import org.bitfusion.bench.Report;
import org.bitfusion.bench.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/// Every benchmark method runs, once, in this process.
class JvmBenchmarksTest {
    private static final JvmTable TABLE = JvmTable.matching("");
    private static Collection<RunResult> results = List.of();

    @BeforeAll
    static void runEachOnce() throws RunnerException {
        System.setProperty("jmh.ignoreLock", "true");
        results =
                new Runner(
                                new OptionsBuilder()
                                        .include(".*")
                                        .mode(Mode.SingleShotTime)
                                        .forks(0)
                                        .warmupIterations(0)
                                        .measurementIterations(1)
                                        .shouldFailOnError(true)
                                        .verbosity(VerboseMode.SILENT)
                                        .build())
                        .run();
    }

    @Test
    void everyBenchmarkRunsAndBelongsToARow() {
        assertThat(results)
                .extracting(result -> result.getParams().getBenchmark())
                .containsExactlyInAnyOrderElementsOf(TABLE.benchmarks());
    }

    @Test
    void everyRowHasAValueAndAReferenceAndANameOfItsOwn() {
        List<Row.Result> rows = TABLE.results(results);
        assertThat(rows).isNotEmpty().allMatch(row -> row.value() > 0 && row.reference() > 0);
        assertThat(rows).extracting(row -> row.row().name()).doesNotHaveDuplicates();
        assertThat(Report.json(rows)).contains("\"jvm.parse\"");
    }

    @Test
    void aNameThatNoRowHasIsRefused() {
        assertThatThrownBy(() -> JvmTable.matching("no.such.row"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("jvm.parse");
    }
}
