package org.bitfusion.cli.session;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/// What the command tells of its own doings, on standard error, so that standard output holds the
/// program's output alone.
public final class Transcript {
    private final FileOutputStream output = new FileOutputStream(FileDescriptor.err);
    private final boolean quiet;

    /// @param quiet say nothing but warnings
    public Transcript(boolean quiet) {
        this.quiet = quiet;
    }

    /// A line of the product's log: `[INFO] 2021-03-27T04:26:40Z text`.
    public void info(String text) {
        if (!quiet) {
            write("[INFO] " + now() + " " + text + "\n");
        }
    }

    /// A line that is printed even when quiet.
    public void warn(String text) {
        write("[WARN] " + now() + " " + text + "\n");
    }

    /// Lines without a time.
    public void plain(String text) {
        if (!quiet) {
            write(text + "\n");
        }
    }

    private static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private void write(String text) {
        try {
            output.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException _) {
            // The terminal is gone: the lease must still be released.
        }
    }
}
