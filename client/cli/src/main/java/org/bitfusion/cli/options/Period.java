package org.bitfusion.cli.options;

import java.time.Duration;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;

/// A length of time that may be none at all.
public final class Period {
    private static final int DIGITS_LIMIT = 7;

    private Period() {}

    /// Reads a whole number with the suffix `s`, `m`, `h` or `d` (`90s`, `30m`, `12h`, `1d`);
    /// `none` and `0` are none.
    ///
    /// @param flag for what is said of one that makes no sense
    public static Duration parse(String flag, String text) {
        if (text.equals("none") || text.equals("0")) {
            return Duration.ZERO;
        }
        int last = text.length() - 1;
        boolean valid = last >= 1 && last <= DIGITS_LIMIT;
        for (int i = 0; i < last && valid; i++) {
            valid = text.charAt(i) >= '0' && text.charAt(i) <= '9';
        }
        long amount = valid ? Long.parseLong(text.substring(0, last)) : 0;
        Duration unit =
                switch (valid ? text.charAt(last) : ' ') {
                    case 's' -> Duration.ofSeconds(1);
                    case 'm' -> Duration.ofMinutes(1);
                    case 'h' -> Duration.ofHours(1);
                    case 'd' -> Duration.ofDays(1);
                    default -> null;
                };
        if (unit == null || unit.multipliedBy(amount).toSeconds() > Integer.MAX_VALUE) {
            throw new Fault(
                    ExitCode.USAGE,
                    flag + " " + text + ": give a time, for example 90s, 30m or 12h, or none");
        }
        return unit.multipliedBy(amount);
    }
}
