package org.bitfusion.cli.session;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Arguments and variables as what they are, bytes, in strings: UTF-8, and a byte that belongs to
/// no UTF-8 character as the lone surrogate U+DC00 + byte, so that [#encode] gives back what was
/// there. The JVM has put U+FFFD in such a place; the kernel still has the bytes.
public final class NativeText {
    private static final char LOST = '\uFFFD';
    private static final char ESCAPE = '\uDC00';

    private NativeText() {}

    /// The program's arguments without loss. The starter gives only the first of them to the JVM,
    /// which has no room for what a program may have, and keeps all on its own command line.
    ///
    /// @param decoded as the JVM gave them
    public static String[] arguments(String[] decoded) {
        String starter = System.getProperty("bitfusion.starter");
        if (starter == null) {
            return arguments(decoded, Path.of("/proc/self/cmdline"));
        }
        List<String> all = strings(Path.of("/proc", starter, "cmdline"));
        return all.size() > 1 ? all.subList(1, all.size()).toArray(String[]::new) : decoded;
    }

    static String[] arguments(String[] decoded, Path file) {
        if (!anyLost(List.of(decoded))) {
            return decoded;
        }
        List<String> all = strings(file);
        return all.size() < decoded.length
                ? decoded
                : all.subList(all.size() - decoded.length, all.size()).toArray(String[]::new);
    }

    /// The environment without loss.
    ///
    /// @param decoded as the JVM gave it
    public static Map<String, String> environment(Map<String, String> decoded) {
        return environment(decoded, Path.of("/proc/self/environ"));
    }

    static Map<String, String> environment(Map<String, String> decoded, Path file) {
        if (!anyLost(decoded.values())) {
            return decoded;
        }
        Map<String, String> environment = new HashMap<>();
        for (String assignment : strings(file)) {
            int equals = assignment.indexOf('=');
            if (equals > 0) {
                environment.putIfAbsent(
                        assignment.substring(0, equals), assignment.substring(equals + 1));
            }
        }
        return environment;
    }

    private static boolean anyLost(Iterable<String> texts) {
        for (String text : texts) {
            if (text.indexOf(LOST) >= 0) {
                return true;
            }
        }
        return false;
    }

    /// NUL-ended strings; none if the file cannot be read.
    private static List<String> strings(Path file) {
        List<String> strings = new ArrayList<>();
        try {
            byte[] bytes = Files.readAllBytes(file);
            int start = 0;
            for (int i = 0; i < bytes.length; i++) {
                if (bytes[i] == 0) {
                    strings.add(decode(Arrays.copyOfRange(bytes, start, i)));
                    start = i + 1;
                }
            }
        } catch (IOException _) {
            // Then what the JVM made of them has to do.
        }
        return strings;
    }

    static String decode(byte[] bytes) {
        String plain = new String(bytes, StandardCharsets.UTF_8);
        if (plain.indexOf(LOST) < 0) {
            return plain;
        }
        StringBuilder text = new StringBuilder(bytes.length);
        int at = 0;
        while (at < bytes.length) {
            int length = characterBytes(bytes[at]);
            String character =
                    length > 0 && at + length <= bytes.length
                            ? new String(bytes, at, length, StandardCharsets.UTF_8)
                            : "";
            if (Arrays.equals(
                    character.getBytes(StandardCharsets.UTF_8),
                    Arrays.copyOfRange(bytes, at, at + Math.max(1, length)))) {
                text.append(character);
                at += length;
            } else {
                text.append((char) (ESCAPE + (bytes[at] & 0xFF)));
                at++;
            }
        }
        return text.toString();
    }

    /// How many bytes the character has that begins with this one; 0: none does.
    private static int characterBytes(byte first) {
        int bits = first & 0xFF;
        if (bits < 0x80) {
            return 1;
        }
        return bits < 0xC0 ? 0 : bits < 0xE0 ? 2 : bits < 0xF0 ? 3 : bits < 0xF8 ? 4 : 0;
    }

    /// The bytes of a text that [#arguments], [#environment] or ordinary text is made of.
    static byte[] encode(CharSequence text) {
        byte[] plain = text.toString().getBytes(StandardCharsets.UTF_8);
        int escaped = 0;
        for (int i = 0; i < text.length(); i++) {
            escaped += isEscape(text, i) ? 1 : 0;
        }
        if (escaped == 0) {
            return plain;
        }
        byte[] bytes = new byte[plain.length]; // a lone surrogate becomes '?': one byte as well
        int at = 0;
        int from = 0;
        for (int i = 0; i <= text.length(); i++) {
            if (i == text.length() || isEscape(text, i)) {
                byte[] part = text.subSequence(from, i).toString().getBytes(StandardCharsets.UTF_8);
                System.arraycopy(part, 0, bytes, at, part.length);
                at += part.length;
                from = i + 1;
                if (i < text.length()) {
                    bytes[at++] = (byte) (text.charAt(i) - ESCAPE);
                }
            }
        }
        return bytes;
    }

    private static boolean isEscape(CharSequence text, int index) {
        char c = text.charAt(index);
        boolean ofPair = index > 0 && Character.isHighSurrogate(text.charAt(index - 1));
        return c >= ESCAPE + 0x80 && c <= ESCAPE + 0xFF && !ofPair;
    }
}
