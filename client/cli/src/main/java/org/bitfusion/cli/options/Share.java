package org.bitfusion.cli.options;

import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;

/// How much of each GPU's memory is wanted. A share is worked out as a whole number of MiB, rounded
/// down.
public sealed interface Share {
    /// All memory of the GPU.
    record Whole() implements Share {}

    /// `numerator / denominator` of the memory, more than 0 and less than 1.
    ///
    /// @param numerator at least 1
    /// @param denominator a power of ten
    record Fraction(long numerator, long denominator) implements Share {
        /// `0.5`, as short as can be.
        public String decimal() {
            StringBuilder text = new StringBuilder("0.");
            long rest = numerator;
            long unit = denominator / 10;
            while (rest > 0) {
                text.append(rest / unit);
                rest %= unit;
                unit /= 10;
            }
            return text.toString();
        }
    }

    /// A fixed amount.
    record Mebibytes(long amount) implements Share {}

    int FRACTION_DIGITS_LIMIT = 9;
    int MEBIBYTES_LIMIT = 999_999_999;

    /// The share of a GPU that has `totalMiB`.
    default long mebibytesOf(long totalMiB) {
        if (this instanceof Fraction(long numerator, long denominator)) {
            return Math.multiplyExact(totalMiB, numerator) / denominator;
        }
        return this instanceof Mebibytes(long amount) ? amount : totalMiB;
    }

    /// Reads `-p`: a decimal number above 0.0 and at most 1.0 with at most nine digits after the
    /// point.
    static Share parseFraction(String text) {
        int point = text.indexOf('.');
        String whole = point < 0 ? text : text.substring(0, point);
        String digits = point < 0 ? "" : text.substring(point + 1);
        if (whole.length() + digits.length() == 0
                || !isDigits(whole)
                || !isDigits(digits)
                || whole.length() > FRACTION_DIGITS_LIMIT) {
            throw badFraction(text);
        }
        String kept =
                digits.length() > FRACTION_DIGITS_LIMIT
                        ? digits.substring(0, FRACTION_DIGITS_LIMIT)
                        : digits;
        long denominator = 1;
        for (int i = 0; i < kept.length(); i++) {
            denominator *= 10;
        }
        long numerator = (whole.isEmpty() ? 0 : Long.parseLong(whole)) * denominator;
        numerator += kept.isEmpty() ? 0 : Long.parseLong(kept);
        if (numerator <= 0 || numerator > denominator) {
            throw badFraction(text);
        }
        return numerator == denominator ? new Whole() : new Fraction(numerator, denominator);
    }

    /// Reads `-m`: a whole number of MiB, at least 1, of at most nine digits.
    static Share parseMebibytes(String text) {
        if (text.isEmpty()
                || text.length() > Integer.toString(MEBIBYTES_LIMIT).length()
                || !isDigits(text)
                || Long.parseLong(text) == 0) {
            throw new Fault(
                    ExitCode.USAGE,
                    "-m "
                            + text
                            + ": give the memory per GPU in MiB as a whole number from 1 to "
                            + MEBIBYTES_LIMIT
                            + ", for example -m 2048");
        }
        return new Mebibytes(Long.parseLong(text));
    }

    private static Fault badFraction(String text) {
        return new Fault(
                ExitCode.USAGE,
                "-p "
                        + text
                        + ": give the part of each GPU's memory as a number above 0.0 and at most 1.0, for example -p 0.5"
                        + " (for MiB use -m)");
    }

    private static boolean isDigits(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }
}
