package org.bitfusion.cli.administration;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.bitfusion.cli.pool.JsonObject;

/// Objects as rows of text: a line of titles, then one for each, in columns.
final class Table {
    private static final int GAP = 2;

    private static final Pattern FRACTION =
            Pattern.compile("^(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d)\\.\\d+Z$");

    private Table() {}

    /// @param titles of the columns
    /// @param members that stand in them; of one that is not there `-` is shown
    static String text(List<String> titles, List<String> members, List<JsonObject> objects) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(titles);
        for (JsonObject object : objects) {
            List<String> row = new ArrayList<>();
            for (String member : members) {
                String value = object.anyText(member).orElse("-");
                row.add(value.isBlank() ? "-" : shown(value));
            }
            rows.add(row);
        }
        int[] widths = new int[titles.size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                line.append(row.get(i)).repeat(' ', widths[i] - row.get(i).length() + GAP);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    /// Times are shown to the second.
    static String shown(String value) {
        return FRACTION.matcher(value).replaceFirst("$1Z").replaceAll("[\\x00-\\x1f\\x7f]+", " ");
    }
}
