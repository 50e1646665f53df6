package org.bitfusion.bench;

import java.util.List;
import java.util.Locale;

/// The table for people and the array for programs.
public final class Report {
    private static final String LINE = "%-20s %12s %-8s %12s  %7s  %-7s %s%n";

    private Report() {}

    public static String header() {
        return String.format(
                Locale.ROOT,
                LINE,
                "name",
                "value",
                "unit",
                "reference",
                "ratio",
                "bound",
                "held against");
    }

    public static String line(Row.Result result) {
        Row row = result.row();
        String bound =
                row.bound() == 0
                        ? ""
                        : (row.lowerIsBetter() ? "<= " : ">= ")
                                + number(row.bound())
                                + (result.withinBound() ? "" : " !");
        String beside =
                Double.isNaN(result.besideValue())
                        ? ""
                        : " (vectorised: " + number(result.besideValue()) + ")";
        return String.format(
                Locale.ROOT,
                LINE,
                row.name(),
                number(result.value()),
                row.unit(),
                number(result.reference()),
                number(result.ratio()),
                bound,
                row.referenceName() + beside);
    }

    private static String number(double value) {
        if (value >= 1e5) {
            return String.format(Locale.ROOT, "%.0f", value);
        }
        return value >= 100
                ? String.format(Locale.ROOT, "%.1f", value)
                : String.format(Locale.ROOT, "%.3g", value);
    }

    public static String json(List<Row.Result> results) {
        StringBuilder text = new StringBuilder("[\n");
        for (int i = 0; i < results.size(); i++) {
            Row.Result result = results.get(i);
            text.append(
                    String.format(
                            Locale.ROOT,
                            "  {\"name\": \"%s\", \"value\": %.9g, \"unit\": \"%s\", \"reference\": %.9g,"
                                    + " \"ratio\": %.6g, \"lower_is_better\": %b}%s%n",
                            result.row().name(),
                            result.value(),
                            result.row().unit(),
                            result.reference(),
                            result.ratio(),
                            result.row().lowerIsBetter(),
                            i == results.size() - 1 ? "" : ","));
        }
        return text.append("]\n").toString();
    }
}
