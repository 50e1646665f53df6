package org.bitfusion.protocol.generator;

import java.util.Locale;

/// Turns the specification's names into those of C and Java.
final class Names {
    private Names() {}

    /// `mem.read_done` → `MemReadDone`
    static String pascal(String name) {
        StringBuilder result = new StringBuilder();
        for (String part : name.split("[._]", -1)) {
            if (!part.isEmpty()) {
                result.append(Character.toUpperCase(part.charAt(0))).append(part.substring(1));
            }
        }
        return result.toString();
    }

    /// `mem.read_done` → `memReadDone`
    static String camel(String name) {
        String pascal = pascal(name);
        return Character.toLowerCase(pascal.charAt(0)) + pascal.substring(1);
    }

    /// `mem.read_done` → `mem_read_done`
    static String snake(String name) {
        return name.replace('.', '_');
    }

    /// `mem.read_done` → `MEM_READ_DONE`
    static String upper(String name) {
        return snake(name).toUpperCase(Locale.ROOT);
    }
}
