package org.bitfusion.tls.store;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.jspecify.annotations.Nullable;

/// A record's content as text that people can read:
///
/// ```
/// bitfusion token 1
/// description=for the render farm
/// end
/// ```
///
/// The first line has the kind and the format's version, the last one shows that nothing is cut
/// off. In values `\n`, `\r` and `\\` stand for line ends and the backslash. Immutable; fields keep
/// their order.
public final class Fields {
    private static final String FORMAT = " 1";
    private static final String END = "end";
    private static final Pattern KIND = Pattern.compile("[a-z-]{1,40}");
    private static final Pattern KEY = Pattern.compile("[a-z0-9.-]{1,60}");

    private final String kind;
    private final Map<String, String> values;

    private Fields(String kind, Map<String, String> values) {
        this.kind = kind;
        this.values = values;
    }

    public static Fields of(String kind) {
        if (!KIND.matcher(kind).matches()) {
            throw new IllegalArgumentException("kind: " + kind + " (expected: small letters)");
        }
        return new Fields(kind, Map.of());
    }

    public Fields with(String key, String value) {
        return with(Map.of(key, value));
    }

    /// Many at once, in their order.
    public Fields with(Map<String, String> more) {
        LinkedHashMap<String, String> next = new LinkedHashMap<>(values);
        more.forEach((key, value) -> {
            if (!KEY.matcher(key).matches() || key.equals(END)) {
                throw new IllegalArgumentException(
                        "key: " + key + " (expected: letters and digits)");
            }
            next.put(key, value);
        });
        return new Fields(kind, next);
    }

    public Fields with(String key, long value) {
        return with(key, Long.toString(value));
    }

    public Fields with(String key, Instant value) {
        return with(key, value.toString());
    }

    public Fields with(String key, boolean value) {
        return with(key, Boolean.toString(value));
    }

    public Fields with(String key, byte[] value) {
        return with(key, Base64.getEncoder().encodeToString(value));
    }

    public Fields without(String key) {
        LinkedHashMap<String, String> next = new LinkedHashMap<>(values);
        next.remove(key);
        return new Fields(kind, next);
    }

    public String kind() {
        return kind;
    }

    /// Of all fields, in their order.
    public List<String> keys() {
        return List.copyOf(values.keySet());
    }

    public Optional<String> find(String key) {
        return Optional.ofNullable(values.get(key));
    }

    /// @throws TlsException RECORD_DAMAGED if it is not there
    public String text(String key) {
        @Nullable String value = values.get(key);
        if (value == null) {
            throw damaged(kind, "field " + key + " is missing");
        }
        return value;
    }

    public long number(String key) {
        try {
            return Long.parseLong(text(key));
        } catch (NumberFormatException exception) {
            throw damaged(kind, "field " + key + " is no number");
        }
    }

    public Instant instant(String key) {
        try {
            return Instant.parse(text(key));
        } catch (DateTimeException exception) {
            throw damaged(kind, "field " + key + " is no time");
        }
    }

    public boolean flag(String key) {
        return switch (text(key)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw damaged(kind, "field " + key + " is neither true nor false");
        };
    }

    public byte[] bytes(String key) {
        try {
            return Base64.getDecoder().decode(text(key));
        } catch (IllegalArgumentException exception) {
            throw damaged(kind, "field " + key + " is not base64");
        }
    }

    public byte[] encode() {
        StringBuilder text = new StringBuilder("bitfusion ").append(kind).append(FORMAT);
        values.forEach(
                (key, value) -> text.append('\n').append(key).append('=').append(escape(value)));
        return text.append('\n')
                .append(END)
                .append('\n')
                .toString()
                .getBytes(StandardCharsets.UTF_8);
    }

    /// @throws TlsException RECORD_DAMAGED
    public static Fields decode(String kind, byte[] content) {
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString();
        } catch (CharacterCodingException exception) {
            throw damaged(kind, "is no text");
        }
        List<String> lines = List.of(text.split("\n", -1));
        int last = lines.size() - 2;
        if (!lines.getFirst().equals("bitfusion " + kind + FORMAT)) {
            throw damaged(kind, "begins otherwise than \"bitfusion " + kind + FORMAT + "\"");
        }
        if (last < 1 || !lines.get(last).equals(END) || !lines.getLast().isEmpty()) {
            throw damaged(kind, "has no end");
        }
        LinkedHashMap<String, String> values = new LinkedHashMap<>();
        for (String line : lines.subList(1, last)) {
            int sign = line.indexOf('=');
            String key = sign < 0 ? "" : line.substring(0, sign);
            if (!KEY.matcher(key).matches() || key.equals(END)) {
                throw damaged(kind, "has a line that is no field");
            }
            if (values.put(key, unescape(kind, line.substring(sign + 1))) != null) {
                throw damaged(kind, "has field " + key + " twice");
            }
        }
        return new Fields(kind, values);
    }

    private static String escape(String value) {
        return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r");
    }

    private static String unescape(String kind, String value) {
        StringBuilder text = new StringBuilder(value.length());
        boolean escaped = false;
        for (int at = 0; at < value.length(); at++) {
            char character = value.charAt(at);
            if (escaped) {
                text.append(unescaped(kind, character));
                escaped = false;
            } else if (character == '\\') {
                escaped = true;
            } else {
                text.append(character);
            }
        }
        if (escaped) {
            throw damaged(kind, "has a backslash before nothing");
        }
        return text.toString();
    }

    private static char unescaped(String kind, char character) {
        return switch (character) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case '\\' -> '\\';
            default -> throw damaged(kind, "has a backslash before nothing known");
        };
    }

    private static TlsException damaged(String kind, String what) {
        return new TlsException(TlsError.RECORD_DAMAGED, "the " + kind + " record " + what);
    }

    /// Names of the fields only: values may be secret.
    @Override
    public String toString() {
        return "Fields[" + kind + " " + values.keySet() + "]";
    }
}
