package org.bitfusion.cli.pool;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/// JSON texts as maps with their order, lists, texts, `Long`, `Double`, `Boolean` and null.
public final class Json {
    private static final JsonFactory FACTORY =
            JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    private Json() {}

    /// Reads a text.
    ///
    /// @throws MalformedJsonException if it is none
    static @Nullable Object read(byte[] text) throws MalformedJsonException {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
            JsonToken first = parser.nextToken();
            if (first == null) {
                throw new MalformedJsonException("is empty");
            }
            Object value = value(parser, first);
            if (parser.nextToken() != null) {
                throw new MalformedJsonException("goes on behind its end");
            }
            return value;
        } catch (JacksonException exception) {
            throw new MalformedJsonException(
                    "is no JSON (" + oneLine(exception.getOriginalMessage()) + ")");
        }
    }

    private static String oneLine(@Nullable String message) {
        String text = message == null ? "?" : message.replaceAll("[^\\x20-\\x7e]+", " ");
        return text.length() > 120 ? text.substring(0, 120) + "..." : text;
    }

    private static @Nullable Object value(JsonParser parser, JsonToken token)
            throws MalformedJsonException {
        return switch (token) {
            case START_OBJECT -> object(parser);
            case START_ARRAY -> array(parser);
            case VALUE_STRING -> parser.getString();
            case VALUE_NUMBER_INT -> integer(parser);
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> throw new MalformedJsonException("is cut off");
        };
    }

    private static Long integer(JsonParser parser) throws MalformedJsonException {
        if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
            throw new MalformedJsonException("has a number of more than 64 bits");
        }
        return parser.getLongValue();
    }

    private static Map<String, @Nullable Object> object(JsonParser parser)
            throws MalformedJsonException {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        for (String name = parser.nextName(); name != null; name = parser.nextName()) {
            object.put(name, value(parser, parser.nextToken()));
        }
        return object;
    }

    private static List<@Nullable Object> array(JsonParser parser) throws MalformedJsonException {
        List<@Nullable Object> array = new ArrayList<>();
        for (JsonToken token = parser.nextToken();
                token != JsonToken.END_ARRAY;
                token = parser.nextToken()) {
            array.add(value(parser, token));
        }
        return array;
    }

    /// A text of one line, in UTF-8.
    static byte[] write(Object value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator generator = FACTORY.createGenerator(ObjectWriteContext.empty(), out)) {
            write(generator, value);
        }
        return out.toByteArray();
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
                text.append(mark).append(within).append(shown(String.valueOf(entry.getKey())));
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
            text.append(value == null ? "null" : shown(value));
        }
    }

    private static String shown(Object value) {
        return new String(write(value), StandardCharsets.UTF_8);
    }

    private static void write(JsonGenerator generator, @Nullable Object value) {
        switch (value) {
            case null -> generator.writeNull();
            case Map<?, ?> object -> {
                generator.writeStartObject();
                for (Map.Entry<?, ?> entry : object.entrySet()) {
                    generator.writeName(String.valueOf(entry.getKey()));
                    write(generator, entry.getValue());
                }
                generator.writeEndObject();
            }
            case List<?> array -> {
                generator.writeStartArray();
                for (Object element : array) {
                    write(generator, element);
                }
                generator.writeEndArray();
            }
            case Boolean flag -> generator.writeBoolean(flag);
            case Integer number -> generator.writeNumber(number);
            case Long number -> generator.writeNumber(number);
            case Double number -> generator.writeNumber(number);
            default -> generator.writeString(value.toString());
        }
    }
}
