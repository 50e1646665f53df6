package org.bitfusion.bench.jvm;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bitfusion.bench.Row;
import org.openjdk.jmh.results.RunResult;

/// Which benchmarks make which rows.
record JvmTable(List<Line> lines) {
    private static final List<Class<?>> CLASSES =
            List.of(
                    Messages.class,
                    FrameReading.class,
                    LongKernel.class,
                    LedgerEntries.class,
                    DeviceAddresses.class);

    /// A row of the table and its two benchmarks, by the names that JMH gives them.
    record Line(HeldAgainst row, String benchmark, String reference) {}

    /// @param wanted a regular expression found in the row's name or the benchmark's
    /// @throws IllegalArgumentException if there is no such row
    static JvmTable matching(String wanted) {
        Pattern pattern = Pattern.compile(wanted);
        List<Line> lines =
                CLASSES.stream()
                        .flatMap(JvmTable::lines)
                        .filter(line ->
                                pattern.matcher(line.row().row()).find()
                                        || pattern.matcher(line.benchmark()).find())
                        .toList();
        if (lines.isEmpty()) {
            throw new IllegalArgumentException(
                    "%s: no row (expected: one of %s)"
                            .formatted(
                                    wanted,
                                    CLASSES.stream()
                                            .flatMap(JvmTable::lines)
                                            .map(line -> line.row().row())
                                            .toList()));
        }
        return new JvmTable(lines);
    }

    /// In an order of their own: the virtual machine's order of methods is not fixed.
    private static Stream<Line> lines(Class<?> benchmarks) {
        return Arrays.stream(benchmarks.getMethods())
                .sorted((left, right) -> left.getName().compareTo(right.getName()))
                .flatMap(method -> line(benchmarks.getName(), method));
    }

    private static Stream<Line> line(String owner, Method method) {
        HeldAgainst row = method.getAnnotation(HeldAgainst.class);
        return row == null
                ? Stream.empty()
                : Stream.of(
                        new Line(
                                row,
                                owner + "." + method.getName(),
                                owner + "." + row.reference()));
    }

    /// Rows and references, each once.
    List<String> benchmarks() {
        return lines.stream()
                .flatMap(line -> Stream.of(line.benchmark(), line.reference()))
                .distinct()
                .toList();
    }

    /// @param measured times per operation, of all [#benchmarks]
    List<Row.Result> results(Collection<RunResult> measured) {
        Map<String, RunResult> byName =
                measured.stream()
                        .collect(
                                Collectors.toMap(
                                        result -> result.getParams().getBenchmark(),
                                        result -> result));
        return lines.stream()
                .map(line ->
                        result(line, of(byName, line.benchmark()), of(byName, line.reference())))
                .toList();
    }

    private static RunResult of(Map<String, RunResult> byName, String name) {
        RunResult result = byName.get(name);
        if (result == null) {
            throw new IllegalStateException("not measured: " + name);
        }
        return result;
    }

    private static Row.Result result(Line line, RunResult ours, RunResult reference) {
        double value = ours.getPrimaryResult().getScore();
        double held = reference.getPrimaryResult().getScore();
        String unit = ours.getPrimaryResult().getScoreUnit().replace("/op", "");
        Row row =
                new Row(
                        line.row().row(),
                        unit,
                        true,
                        0,
                        () -> value,
                        () -> held,
                        line.row().words());
        return new Row.Result(row, value, held, value / held, Double.NaN);
    }
}
