package org.bitfusion.protocol.generator;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// Generated text under construction, indented by four spaces a level.
@SuppressWarnings(
        "AnnotateFormatMethod") // the annotation would be a dependency, and this module has none
final class Source {
    private final StringBuilder text = new StringBuilder();
    private int level;

    /// Adds a line; without arguments the text is taken as it is.
    Source line(String format, Object... arguments) {
        String line = arguments.length == 0 ? format : String.format(format, arguments);
        if (!line.isEmpty()) {
            text.repeat("    ", level).append(line);
        }
        text.append('\n');
        return this;
    }

    Source blank() {
        return line("");
    }

    /// Adds a line that opens a block.
    Source open(String format, Object... arguments) {
        line(format, arguments);
        level++;
        return this;
    }

    /// Ends a block.
    Source close(String format, Object... arguments) {
        level--;
        return line(format, arguments);
    }

    /// Adds lines as they are, indented like the rest.
    Source block(String lines) {
        lines.stripTrailing().lines().forEach(line -> line("%s", line));
        return this;
    }

    /// Adds the lines of a text that lies beside the generator's classes.
    Source resource(String name) {
        try (InputStream in = Source.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(name + " is not beside the generator's classes");
            }
            return block(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Writes the text; a file that already holds it is left as it is, so that builds can see what
    /// is new.
    void write(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        if (!Files.exists(file) || !Files.readString(file).contentEquals(text)) {
            Files.writeString(file, text);
        }
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
