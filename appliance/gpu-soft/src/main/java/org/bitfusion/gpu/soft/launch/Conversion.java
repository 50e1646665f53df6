package org.bitfusion.gpu.soft.launch;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.Locale;

/// Flags, width and precision of one conversion of `printf` (C17, 7.21.6.1), and the texts that
/// they give.
final class Conversion {
    private static final int DEFAULT_PRECISION = 6;
    private static final int MAXIMUM_PRECISION = 1100;
    private static final int MAXIMUM_WIDTH = 1 << 16;

    boolean left;
    int width;

    /// -1 when none is given.
    int precision = -1;

    private boolean plus;
    private boolean space;
    private boolean alternative;
    private boolean zero;

    /// Takes a flag character; false when it is none.
    boolean flag(byte character) {
        switch (character) {
            case '-' -> left = true;
            case '+' -> plus = true;
            case ' ' -> space = true;
            case '#' -> alternative = true;
            case '0' -> zero = true;
            default -> {
                return false;
            }
        }
        return true;
    }

    String signed(long value) {
        String digits =
                value == Long.MIN_VALUE ? "9223372036854775808" : Long.toString(Math.abs(value));
        return number(sign(value < 0), integerDigits(digits), zero && precision < 0);
    }

    String unsigned(long value, char kind) {
        String digits =
                switch (kind) {
                    case 'u' -> Long.toUnsignedString(value);
                    case 'o' -> (alternative && value != 0 ? "0" : "") + Long.toOctalString(value);
                    case 'X' -> Long.toHexString(value).toUpperCase(Locale.ROOT);
                    default -> Long.toHexString(value);
                };
        boolean hexadecimal = alternative && value != 0 && (kind == 'x' || kind == 'X');
        return number(hexadecimal ? "0" + kind : "", integerDigits(digits), zero && precision < 0);
    }

    String pointer(long value) {
        return number("", value == 0 ? "(nil)" : "0x" + Long.toHexString(value), false);
    }

    byte[] text(byte[] value) {
        return pad(
                precision >= 0 && precision < value.length
                        ? Arrays.copyOf(value, precision)
                        : value);
    }

    /// Fills up with blanks.
    byte[] pad(byte[] value) {
        int size = Math.min(width, MAXIMUM_WIDTH);
        if (value.length >= size) {
            return value;
        }
        byte[] padded = new byte[size];
        Arrays.fill(padded, (byte) ' ');
        System.arraycopy(value, 0, padded, left ? 0 : size - value.length, value.length);
        return padded;
    }

    String floating(double value, char kind) {
        char lower = Character.toLowerCase(kind);
        String sign = sign(Double.doubleToRawLongBits(value) < 0);
        String text;
        boolean finite = !Double.isNaN(value) && !Double.isInfinite(value);
        if (!finite) {
            text = Double.isNaN(value) ? "nan" : "inf";
        } else {
            double magnitude = Math.abs(value);
            int digits = Math.min(precision < 0 ? DEFAULT_PRECISION : precision, MAXIMUM_PRECISION);
            text =
                    switch (lower) {
                        case 'f' -> fixed(new BigDecimal(magnitude), digits);
                        case 'e' -> exponential(new BigDecimal(magnitude), digits);
                        case 'g' -> general(new BigDecimal(magnitude), Math.max(1, digits));
                        default -> hexadecimal(magnitude);
                    };
        }
        String result = number(sign, text, zero && finite);
        return lower == kind ? result : result.toUpperCase(Locale.ROOT);
    }

    private String fixed(BigDecimal value, int digits) {
        String text = value.setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
        return digits == 0 && alternative ? text + "." : text;
    }

    private String exponential(BigDecimal value, int digits) {
        BigDecimal rounded = value.round(new MathContext(digits + 1, RoundingMode.HALF_EVEN));
        int exponent = value.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
        String mantissa =
                value.signum() == 0
                        ? fixed(BigDecimal.ZERO, digits)
                        : fixed(rounded.scaleByPowerOfTen(-exponent), digits);
        String size = Integer.toString(Math.abs(exponent));
        return mantissa + (exponent < 0 ? "e-" : "e+") + (size.length() < 2 ? "0" : "") + size;
    }

    private String general(BigDecimal value, int significant) {
        BigDecimal rounded = value.round(new MathContext(significant, RoundingMode.HALF_EVEN));
        int exponent = value.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
        if (exponent < -4 || exponent >= significant) {
            String text = exponential(value, significant - 1);
            int mark = text.indexOf('e');
            return trimmed(text.substring(0, mark)) + text.substring(mark);
        }
        return trimmed(fixed(rounded, significant - 1 - exponent));
    }

    private String trimmed(String text) {
        if (alternative || text.indexOf('.') < 0) {
            return text;
        }
        int end = text.length();
        while (text.charAt(end - 1) == '0') {
            end--;
        }
        return text.substring(0, text.charAt(end - 1) == '.' ? end - 1 : end);
    }

    private static String hexadecimal(double value) {
        String text = Double.toHexString(value).replace(".0p", "p");
        int mark = text.indexOf('p');
        return text.charAt(mark + 1) == '-'
                ? text
                : text.substring(0, mark + 1) + "+" + text.substring(mark + 1);
    }

    private String sign(boolean negative) {
        if (negative) {
            return "-";
        }
        return plus ? "+" : space ? " " : "";
    }

    private String integerDigits(String digits) {
        if (precision == 0 && digits.equals("0")) {
            return "";
        }
        int missing = Math.min(precision, MAXIMUM_PRECISION) - digits.length();
        return missing > 0 ? "0".repeat(missing) + digits : digits;
    }

    private String number(String prefix, String digits, boolean zeros) {
        int missing = Math.min(width, MAXIMUM_WIDTH) - prefix.length() - digits.length();
        if (missing <= 0) {
            return prefix + digits;
        }
        if (left) {
            return prefix + digits + " ".repeat(missing);
        }
        return zeros
                ? prefix + "0".repeat(missing) + digits
                : " ".repeat(missing) + prefix + digits;
    }
}
