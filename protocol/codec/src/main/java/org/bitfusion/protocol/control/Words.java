package org.bitfusion.protocol.control;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bitfusion.protocol.ProtocolException;

/// A line's words, one after the other. Texts are escaped so that they are one word.
final class Words {
    private final String line;
    private final List<String> words;
    private int next;

    Words(String line) {
        this.line = line;
        this.words = List.of(line.split(" ", -1));
    }

    static String line(Object... words) {
        return Stream.of(words).map(String::valueOf).collect(Collectors.joining(" "));
    }

    static String escaped(String text) {
        return text.isEmpty() ? "-" : URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    String next() throws ProtocolException {
        if (next == words.size()) {
            throw broken();
        }
        return words.get(next++);
    }

    boolean hasNext() {
        return next < words.size();
    }

    String text() throws ProtocolException {
        String word = next();
        try {
            return word.equals("-") ? "" : URLDecoder.decode(word, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw broken();
        }
    }

    int number() throws ProtocolException {
        try {
            return Integer.parseInt(next());
        } catch (NumberFormatException e) {
            throw broken();
        }
    }

    UUID uuid() throws ProtocolException {
        try {
            return UUID.fromString(next());
        } catch (IllegalArgumentException e) {
            throw broken();
        }
    }

    long longNumber() throws ProtocolException {
        try {
            return Long.parseLong(next());
        } catch (NumberFormatException e) {
            throw broken();
        }
    }

    long address() throws ProtocolException {
        try {
            return Long.parseUnsignedLong(next(), 16);
        } catch (NumberFormatException e) {
            throw broken();
        }
    }

    /// What is wrong, without the line's contents: it may hold a secret.
    ProtocolException broken() {
        return new ProtocolException(
                "worker line: '%s' with %d words".formatted(words.getFirst(), words.size()));
    }

    @Override
    public String toString() {
        return "Words[" + line.length() + " characters]";
    }
}
