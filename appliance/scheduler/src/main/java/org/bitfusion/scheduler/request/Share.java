package org.bitfusion.scheduler.request;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/// How much of each GPU's memory is wanted. It comes to a whole number of MiB, rounded down.
public sealed interface Share {
    /// All memory of the GPU.
    record Whole() implements Share {}

    /// `numerator / denominator` of the memory of each GPU, more than 0 and less than 1, in lowest
    /// terms.
    record Fraction(long numerator, long denominator) implements Share {
        public Fraction {
            if (numerator <= 0 || denominator <= numerator) {
                throw new IllegalArgumentException(
                        "fraction: %d/%d (expected: between 0 and 1)"
                                .formatted(numerator, denominator));
            }
            long divisor =
                    BigInteger.valueOf(numerator)
                            .gcd(BigInteger.valueOf(denominator))
                            .longValueExact();
            numerator /= divisor;
            denominator /= divisor;
        }
    }

    /// A fixed amount, the same on each GPU.
    record Mebibytes(int amount) implements Share {
        public Mebibytes {
            if (amount < 1 || amount > MEBIBYTES_LIMIT) {
                throw new IllegalArgumentException(
                        "amount: " + amount + " (expected: 1 to " + MEBIBYTES_LIMIT + ")");
            }
        }
    }

    /// GPUs give memory to programs in pages of 2 MiB: who holds less can allocate nothing.
    int SMALLEST_MIB = 2;

    int MEBIBYTES_LIMIT = 999_999_999;

    /// A denominator of this many digits still is a `long`.
    int FRACTION_DIGITS_LIMIT = 18;

    /// The share of a GPU that has `totalMiB`. It may be more than that, or less than
    /// [#SMALLEST_MIB].
    default int mebibytesOf(int totalMiB) {
        return switch (this) {
            case Whole() -> totalMiB;
            case Fraction(long numerator, long denominator) ->
                    scaled(totalMiB, numerator, denominator);
            case Mebibytes(int amount) -> amount;
        };
    }

    private static int scaled(int totalMiB, long numerator, long denominator) {
        if (numerator <= Integer.MAX_VALUE) {
            return (int) (totalMiB * numerator / denominator);
        }
        return BigInteger.valueOf(totalMiB)
                .multiply(BigInteger.valueOf(numerator))
                .divide(BigInteger.valueOf(denominator))
                .intValueExact();
    }

    /// Whether a GPU that has `totalMiB` is large enough for it when nobody else uses it.
    default boolean fits(int totalMiB) {
        int wanted = mebibytesOf(totalMiB);
        return wanted >= SMALLEST_MIB && wanted <= totalMiB;
    }

    /// Reads `-p`: a decimal number above 0.0 and at most 1.0.
    ///
    /// @throws RequestSyntaxException if it is none
    static Share parseFraction(String text) {
        int point = text.indexOf('.');
        String whole = stripLeadingZeros(point < 0 ? text : text.substring(0, point));
        String digits = stripTrailingZeros(point < 0 ? "" : text.substring(point + 1));
        boolean hasDigit = text.length() > (point < 0 ? 0 : 1);
        if (!hasDigit || !isDigits(whole) || !isDigits(digits)) {
            throw badFraction(text);
        }
        if (digits.length() > FRACTION_DIGITS_LIMIT) {
            throw badFraction(text, ", with at most " + FRACTION_DIGITS_LIMIT + " digits");
        }
        if (whole.equals("1") && digits.isEmpty()) {
            return new Whole();
        }
        if (!whole.isEmpty() || digits.isEmpty()) {
            throw badFraction(text);
        }
        return new Fraction(Long.parseLong(digits), powerOfTen(digits.length()));
    }

    /// Reads `-m`: a whole number of MiB, at least 1.
    ///
    /// @throws RequestSyntaxException if it is none
    static Share parseMebibytes(String text) {
        String digits = stripLeadingZeros(text);
        if (digits.isEmpty()
                || !isDigits(digits)
                || digits.length() > Integer.toString(MEBIBYTES_LIMIT).length()) {
            throw new RequestSyntaxException(
                    Refusal.SHARE_SYNTAX,
                    "-m %s: give the memory per GPU in MiB as a whole number from 1 to %d, for example -m 2048"
                            .formatted(Quoted.text(text), MEBIBYTES_LIMIT));
        }
        return new Mebibytes(Integer.parseInt(digits));
    }

    /// For people: `all their memory`, `0.5 of the memory`, `2048 MiB`.
    default String words() {
        return switch (this) {
            case Whole() -> "all their memory";
            case Fraction(long numerator, long denominator) ->
                    new BigDecimal(numerator)
                                    .divide(
                                            new BigDecimal(denominator),
                                            FRACTION_DIGITS_LIMIT,
                                            RoundingMode.DOWN)
                                    .stripTrailingZeros()
                                    .toPlainString()
                            + " of their memory";
            case Mebibytes(int amount) -> amount + " MiB";
        };
    }

    private static RequestSyntaxException badFraction(String text) {
        return badFraction(text, "");
    }

    private static RequestSyntaxException badFraction(String text, String detail) {
        return new RequestSyntaxException(
                Refusal.SHARE_SYNTAX,
                "-p %s: give the part of each GPU's memory as a number above 0.0 and at most 1.0%s, for example -p 0.5 (for MiB use -m)"
                        .formatted(Quoted.text(text), detail));
    }

    private static long powerOfTen(int exponent) {
        long power = 1;
        for (int i = 0; i < exponent; i++) {
            power *= 10;
        }
        return power;
    }

    private static String stripLeadingZeros(String text) {
        int start = 0;
        while (start < text.length() && text.charAt(start) == '0') {
            start++;
        }
        return text.substring(start);
    }

    private static String stripTrailingZeros(String text) {
        int end = text.length();
        while (end > 0 && text.charAt(end - 1) == '0') {
            end--;
        }
        return text.substring(0, end);
    }

    private static boolean isDigits(String text) {
        return text.chars().allMatch(c -> c >= '0' && c <= '9');
    }
}
