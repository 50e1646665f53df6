package org.bitfusion.cli.pool;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// JSON texts as maps with their order, lists, texts, `Long`, `Double`, `Boolean` and null.
public final class Json {
    private static final String HEX = "0123456789ABCDEF";

    private Json() {}

    /// Reads a text.
    ///
    /// @throws MalformedJsonException if it is none
    static @Nullable Object read(byte[] text) throws MalformedJsonException {
        return JsonReader.read(text);
    }

    /// A text of one line, in UTF-8.
    static byte[] write(Object value) {
        StringBuilder text = new StringBuilder();
        write(text, value);
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /// A text for people and programs: indented by two blanks, with a line's end.
    public static String pretty(Object value) {
        StringBuilder text = new StringBuilder();
        pretty(text, value, "\n");
        return text.append('\n').toString();
    }

    /// @param line a line's end and the indent of the line on which the value begins
    private static void pretty(StringBuilder text, @Nullable Object value, String line) {
        String within = line + "  ";
        if (value instanceof Map<?, ?> object && !object.isEmpty()) {
            String mark = "{";
            for (Map.Entry<?, ?> entry : object.entrySet()) {
                text.append(mark).append(within);
                quote(text, String.valueOf(entry.getKey()));
                text.append(": ");
                pretty(text, entry.getValue(), within);
                mark = ",";
            }
            text.append(line).append('}');
        } else if (value instanceof List<?> array && !array.isEmpty()) {
            String mark = "[";
            for (Object element : array) {
                text.append(mark).append(within);
                pretty(text, element, within);
                mark = ",";
            }
            text.append(line).append(']');
        } else {
            write(text, value);
        }
    }

    /// Without a switch over its types: what that is made of is made at its first use.
    private static void write(StringBuilder text, @Nullable Object value) {
        if (value instanceof Map<?, ?> object) {
            String mark = "{";
            for (Map.Entry<?, ?> entry : object.entrySet()) {
                text.append(mark);
                quote(text, String.valueOf(entry.getKey()));
                text.append(':');
                write(text, entry.getValue());
                mark = ",";
            }
            text.append(object.isEmpty() ? "{}" : "}");
        } else if (value instanceof List<?> array) {
            String mark = "[";
            for (Object element : array) {
                text.append(mark);
                write(text, element);
                mark = ",";
            }
            text.append(array.isEmpty() ? "[]" : "]");
        } else if (value == null || value instanceof Boolean || value instanceof Number) {
            text.append(value);
        } else {
            quote(text, value.toString());
        }
    }

    private static void quote(StringBuilder text, String string) {
        text.append('"');
        for (int i = 0; i < string.length(); i++) {
            char next = string.charAt(i);
            switch (next) {
                case '"', '\\' -> text.append('\\').append(next);
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                default -> {
                    if (next < ' ') {
                        text.append("\\u00").append(HEX.charAt(next >> 4));
                        text.append(HEX.charAt(next & 0xF));
                    } else {
                        text.append(next);
                    }
                }
            }
        }
        text.append('"');
    }
}
