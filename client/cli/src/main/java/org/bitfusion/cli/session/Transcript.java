package org.bitfusion.cli.session;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// What the command tells of its own doings, on standard error, so that standard output holds the
/// program's output alone.
public final class Transcript {
    private final FileOutputStream output = new FileOutputStream(FileDescriptor.err);
    private final boolean quiet;

    /// @param quiet say nothing but warnings and, on a terminal, delays
    public Transcript(boolean quiet) {
        this.quiet = quiet;
    }

    /// A line of the product's log: `[INFO] 2021-03-27T04:26:40Z text`.
    public void info(String text) {
        if (!quiet) {
            write("[INFO] " + now() + " " + text + "\n");
        }
    }

    /// A line that tells why nothing happens: on a terminal it is printed even when quiet, so that
    /// the command does not look hung.
    public void delay(String text) {
        if (!quiet || isTerminal()) {
            write("[INFO] " + now() + " " + text + "\n");
        }
    }

    private static boolean isTerminal() {
        try {
            String name = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
            return name.startsWith("/dev/pts/")
                    || name.startsWith("/dev/tty")
                    || name.equals("/dev/console");
        } catch (IOException _) {
            return false;
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
        return timestamp(System.currentTimeMillis() / 1000);
    }

    /// `2021-03-27T04:26:40Z` of a time after 1970. By hand, for java.time's formatters take 15 ms
    /// to load.
    static String timestamp(long epochSeconds) {
        // Years that begin in March, in eras of 400, so that the leap day is the last of its year.
        long day = epochSeconds / 86_400 + 719_468;
        long era = day / 146_097;
        long dayOfEra = day - era * 146_097;
        long yearOfEra =
                (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        long dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        long marchMonth = (5 * dayOfYear + 2) / 153;
        long month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
        long year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
        StringBuilder text = new StringBuilder(20).append(year).append('-');
        two(text, month, '-');
        two(text, dayOfYear - (153 * marchMonth + 2) / 5 + 1, 'T');
        two(text, epochSeconds / 3_600 % 24, ':');
        two(text, epochSeconds / 60 % 60, ':');
        two(text, epochSeconds % 60, 'Z');
        return text.toString();
    }

    private static void two(StringBuilder text, long number, char end) {
        text.append((char) ('0' + number / 10)).append((char) ('0' + number % 10)).append(end);
    }

    private void write(String text) {
        try {
            output.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException _) {
            // The terminal is gone: the lease must still be released.
        }
    }
}
