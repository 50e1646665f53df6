package org.bitfusion.cli.options;

import java.time.Duration;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;

/// The value of `--expires`: how long a token counts from now on.
public final class ValidTime {
    private static final int DIGITS_LIMIT = 5;

    private ValidTime() {}

    /// Reads a whole number with the suffix `d`, `h` or `m`: `30d`, `12h`, `90m`.
    public static Duration parse(String text) {
        int last = text.length() - 1;
        boolean valid = last >= 1 && last <= DIGITS_LIMIT;
        for (int i = 0; i < last && valid; i++) {
            valid = text.charAt(i) >= '0' && text.charAt(i) <= '9';
        }
        long amount = valid ? Long.parseLong(text.substring(0, last)) : 0;
        if (amount > 0) {
            switch (text.charAt(last)) {
                case 'd' -> {
                    return Duration.ofDays(amount);
                }
                case 'h' -> {
                    return Duration.ofHours(amount);
                }
                case 'm' -> {
                    return Duration.ofMinutes(amount);
                }
                default -> {
                    // As below.
                }
            }
        }
        throw new Fault(
                ExitCode.USAGE,
                "--expires " + text + ": give a time from now on, for example 30d, 12h or 90m");
    }
}
