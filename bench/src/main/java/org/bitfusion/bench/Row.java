package org.bitfusion.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A line of the table: something of ours and what it is held against, measured in turn.
///
/// @param name fixed; other programs read it from the JSON file
/// @param lowerIsBetter for the value; false where it is a rate
/// @param bound what the ratio is meant to reach, 0 where it is only reported
/// @param referenceName what the reference is, in words
/// @param beside a further reference that is only shown
public record Row(
        String name,
        String unit,
        boolean lowerIsBetter,
        double bound,
        Probe ours,
        Probe reference,
        String referenceName,
        Optional<Probe> beside) {

    public Row(
            String name,
            String unit,
            boolean lowerIsBetter,
            double bound,
            Probe ours,
            Probe reference,
            String referenceName) {
        this(name, unit, lowerIsBetter, bound, ours, reference, referenceName, Optional.empty());
    }

    Row beside(Probe further) {
        return new Row(
                name,
                unit,
                lowerIsBetter,
                bound,
                ours,
                reference,
                referenceName,
                Optional.of(further));
    }

    /// Medians of the rounds; the ratio is the median of the rounds' ratios, not the ratio of
    /// medians.
    public record Result(
            Row row, double value, double reference, double ratio, double besideValue) {
        boolean withinBound() {
            return row.bound == 0 || (row.lowerIsBetter ? ratio <= row.bound : ratio >= row.bound);
        }
    }

    /// @param warmUps rounds before those that count
    Result run(int rounds, int warmUps) throws IOException, InterruptedException {
        List<Double> values = new ArrayList<>();
        List<Double> references = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        List<Double> besides = new ArrayList<>();
        for (int round = -warmUps; round < rounds; round++) {
            double value = ours.measure();
            double held = reference.measure();
            double further = beside.isPresent() ? beside.get().measure() : Double.NaN;
            if (round >= 0) {
                values.add(value);
                references.add(held);
                ratios.add(value / held);
                besides.add(further);
            }
        }
        return new Result(
                this, median(values), median(references), median(ratios), median(besides));
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1
                ? sorted.get(middle)
                : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}
