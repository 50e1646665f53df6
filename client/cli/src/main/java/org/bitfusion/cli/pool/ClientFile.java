package org.bitfusion.cli.pool;

import java.nio.file.Path;
import org.bitfusion.cli.configuration.ConfigurationFile;
import org.jspecify.annotations.Nullable;

/// `client.yaml`, of which the token counts: `authconfig:`, and under it `token: …`.
final class ClientFile {
    private ClientFile() {}

    /// The token; null where the file is not there or has none.
    static @Nullable String token(Path file) {
        String text = ConfigurationFile.readIfPresent(file);
        return text == null ? null : parse(text);
    }

    static @Nullable String parse(String text) {
        boolean within = false;
        for (String raw : text.split("\n", -1)) {
            String line = raw.stripTrailing();
            boolean indented = line.startsWith(" ") || line.startsWith("\t");
            String word = line.strip();
            if (word.isEmpty() || word.startsWith("#")) {
                continue;
            }
            if (!indented) {
                within = word.equals("authconfig:");
            } else if (within && word.startsWith("token:")) {
                String value = unquoted(word.substring("token:".length()).strip());
                return value.isEmpty() ? null : value;
            }
        }
        return null;
    }

    private static String unquoted(String value) {
        int last = value.length() - 1;
        boolean quoted =
                last > 0
                        && value.charAt(0) == value.charAt(last)
                        && "\"'".indexOf(value.charAt(0)) >= 0;
        return quoted ? value.substring(1, last) : value;
    }
}
