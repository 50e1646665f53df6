package org.bitfusion.cli.pool;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads one JSON text (RFC 8259), strictly: names once, numbers of 64 bits, limited depth. By
/// hand, since a library's tables take a command that has just been started longer than all the
/// rest.
final class JsonReader {
    private static final int DEPTH_LIMIT = 100;
    private static final int RADIX = 16;
    private static final int UNICODE_DIGITS = 4;

    private final String text;
    private int at;

    private JsonReader(String text) {
        this.text = text;
    }

    /// The text's value, as [Json] has it.
    ///
    /// @throws MalformedJsonException if it is none
    static @Nullable Object read(byte[] bytes) throws MalformedJsonException {
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException _) {
            throw new MalformedJsonException("is no JSON (no UTF-8)");
        }
        JsonReader reader = new JsonReader(text);
        if (reader.peek() < 0) {
            throw new MalformedJsonException("is empty");
        }
        Object value = reader.value(0);
        if (reader.peek() >= 0) {
            throw new MalformedJsonException("goes on behind its end");
        }
        return value;
    }

    private MalformedJsonException malformed(String what) {
        return new MalformedJsonException("is no JSON (" + what + " at " + at + ")");
    }

    /// The next character that is no blank; -1: none.
    private int peek() {
        while (at < text.length()) {
            char next = text.charAt(at);
            if (next != ' ' && next != '\n' && next != '\r' && next != '\t') {
                return next;
            }
            at++;
        }
        return -1;
    }

    private void expect(char wanted) throws MalformedJsonException {
        if (peek() != wanted) {
            throw malformed("no '" + wanted + "'");
        }
        at++;
    }

    private @Nullable Object value(int depth) throws MalformedJsonException {
        if (depth > DEPTH_LIMIT) {
            throw malformed("too deep");
        }
        return switch (peek()) {
            case '{' -> object(depth);
            case '[' -> array(depth);
            case '"' -> string();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", null);
            case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' -> number();
            default -> throw malformed("no value");
        };
    }

    private @Nullable Object word(String word, @Nullable Object value)
            throws MalformedJsonException {
        if (!text.startsWith(word, at)) {
            throw malformed("no value");
        }
        at += word.length();
        return value;
    }

    private Map<String, @Nullable Object> object(int depth) throws MalformedJsonException {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        expect('{');
        if (peek() == '}') {
            at++;
            return object;
        }
        while (true) {
            if (peek() != '"') {
                throw malformed("no name");
            }
            String name = string();
            if (object.containsKey(name)) {
                throw malformed("a name for the second time");
            }
            expect(':');
            object.put(name, value(depth + 1));
            if (peek() != ',') {
                expect('}');
                return object;
            }
            at++;
        }
    }

    private List<@Nullable Object> array(int depth) throws MalformedJsonException {
        List<@Nullable Object> array = new ArrayList<>();
        expect('[');
        if (peek() == ']') {
            at++;
            return array;
        }
        while (true) {
            array.add(value(depth + 1));
            if (peek() != ',') {
                expect(']');
                return array;
            }
            at++;
        }
    }

    private String string() throws MalformedJsonException {
        int begin = ++at;
        while (at < text.length() && isPlain(text.charAt(at))) {
            at++;
        }
        if (at < text.length() && text.charAt(at) == '"') {
            return text.substring(begin, at++);
        }
        StringBuilder string = new StringBuilder(text.substring(begin, at));
        while (at < text.length()) {
            char next = text.charAt(at);
            if (isPlain(next)) {
                at++;
                string.append(next);
            } else if (next == '"') {
                at++;
                return string.toString();
            } else if (next == '\\') {
                at++;
                string.append(escaped());
            } else {
                throw malformed("a control character");
            }
        }
        throw malformed("a text without its end");
    }

    private static boolean isPlain(char character) {
        return character >= ' ' && character != '"' && character != '\\';
    }

    /// What stands behind a backslash.
    private char escaped() throws MalformedJsonException {
        char next = at < text.length() ? text.charAt(at) : ' ';
        at++;
        return switch (next) {
            case '"', '\\', '/' -> next;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> unicode();
            default -> throw malformed("an escape that is none");
        };
    }

    private char unicode() throws MalformedJsonException {
        int code = 0;
        for (int i = 0; i < UNICODE_DIGITS; i++) {
            char next = at < text.length() ? text.charAt(at) : ' ';
            int digit = next < 128 ? Character.digit(next, RADIX) : -1;
            if (digit < 0) {
                throw malformed("an escape that is none");
            }
            code = code * RADIX + digit;
            at++;
        }
        return (char) code;
    }

    private Object number() throws MalformedJsonException {
        int begin = at;
        if (text.charAt(at) == '-') {
            at++;
        }
        int whole = at;
        digits();
        if (text.charAt(whole) == '0' && at - whole > 1) {
            throw malformed("a number that is none");
        }
        boolean integer = true;
        if (isNext('.')) {
            integer = false;
            at++;
            digits();
        }
        if (isNext('e') || isNext('E')) {
            integer = false;
            at++;
            if (isNext('+') || isNext('-')) {
                at++;
            }
            digits();
        }
        String number = text.substring(begin, at);
        try {
            return integer ? (Object) Long.valueOf(number) : (Object) Double.valueOf(number);
        } catch (NumberFormatException _) {
            throw new MalformedJsonException("has a number of more than 64 bits");
        }
    }

    private boolean isNext(char character) {
        return at < text.length() && text.charAt(at) == character;
    }

    /// At least one.
    private void digits() throws MalformedJsonException {
        int begin = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        if (at == begin) {
            throw malformed("a number that is none");
        }
    }
}
