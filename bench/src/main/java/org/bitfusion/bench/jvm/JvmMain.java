package org.bitfusion.bench.jvm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bitfusion.bench.Report;
import org.bitfusion.bench.Row;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/// `./dev bench --jvm [--json FILE] [REGEX]`: runs the JMH benchmarks whose row name or class and
/// method match, one process each, and prints a table.
public final class JvmMain {
    private static final TimeValue ITERATION = TimeValue.milliseconds(400);
    private static final int WARM_UPS = 3;
    private static final int ITERATIONS = 5;

    /// As workers are started: compiled kernels use the JVM's own memory access. JMH itself uses
    /// what JDK 25 warns of.
    private static final String[] JVM_ARGUMENTS = {
        "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow"
    };

    private JvmMain() {}

    public static void main(String[] arguments) throws RunnerException, IOException {
        Path json = null;
        String wanted = "";
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i].equals("--json")) {
                json = Path.of(arguments[++i]);
            } else {
                wanted = arguments[i];
            }
        }
        run(wanted, json);
    }

    private static void run(String wanted, @Nullable Path json)
            throws RunnerException, IOException {
        JvmTable table = JvmTable.matching(wanted);
        ChainedOptionsBuilder options = new OptionsBuilder();
        table.benchmarks().forEach(name -> options.include("^" + name.replace(".", "\\.") + "$"));
        options.forks(1)
                .jvmArgsAppend(JVM_ARGUMENTS)
                .warmupIterations(WARM_UPS)
                .warmupTime(ITERATION)
                .measurementIterations(ITERATIONS)
                .measurementTime(ITERATION)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT);
        List<RunResult> measured = List.copyOf(new Runner(options.build()).run());
        List<Row.Result> results = table.results(measured);
        System.out.print(Report.header());
        results.forEach(result -> System.out.print(Report.line(result)));
        if (json != null) {
            Files.writeString(json, Report.json(results));
        }
    }
}
