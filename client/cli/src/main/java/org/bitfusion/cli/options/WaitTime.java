package org.bitfusion.cli.options;

import java.time.Duration;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;

/// The value of `-t`: how long `run` waits for GPUs that are taken.
public final class WaitTime {
    /// The product's default.
    public static final Duration DEFAULT = Duration.ofMinutes(30);

    private static final int DIGITS_LIMIT = 7;

    private WaitTime() {}

    /// Reads a whole number of seconds, or one with the suffix `s`, `m` or `h` (`70`, `10s`, `70m`,
    /// `10h`).
    public static Duration parse(String text) {
        int end = text.length();
        long unitSeconds = 1;
        if (end > 0) {
            switch (text.charAt(end - 1)) {
                case 's' -> end--;
                case 'm' -> {
                    unitSeconds = 60;
                    end--;
                }
                case 'h' -> {
                    unitSeconds = 3600;
                    end--;
                }
                default -> {}
            }
        }
        long amount = 0;
        boolean valid = end > 0 && end <= DIGITS_LIMIT;
        for (int i = 0; i < end && valid; i++) {
            int digit = text.charAt(i) - '0';
            valid = digit >= 0 && digit <= 9;
            amount = amount * 10 + digit;
        }
        if (!valid) {
            throw new Fault(
                    ExitCode.USAGE,
                    "-t "
                            + text
                            + ": give the waiting time as seconds or with s, m or h, a number of at most "
                            + DIGITS_LIMIT
                            + " digits, for example -t 70, -t 10s, -t 10m");
        }
        return Duration.ofSeconds(amount * unitSeconds);
    }
}
