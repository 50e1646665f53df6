package org.bitfusion.gpu.soft.arithmetic;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;

/// Roundings by definition: an exact value is looked up among the values of a format, by bisection
/// over their bits.
final class Exact {
    /// Enough for every quotient of doubles that is itself a double.
    private static final int QUOTIENT_DIGITS = 1600;

    private static final int ROOT_DIGITS = 600;

    private Exact() {}

    /// A floating-point format as the ordered list of its finite non-negative values.
    record Format(int bits, int largest, java.util.function.IntToDoubleFunction value) {}

    static final Format F32 =
            new Format(
                    32,
                    Float.floatToRawIntBits(Float.MAX_VALUE),
                    bits -> Float.intBitsToFloat(bits));
    static final Format F16 = new Format(16, 0x7BFF, bits -> Float.float16ToFloat((short) bits));
    static final Format BF16 = new Format(16, 0x7F7F, bits -> Float.intBitsToFloat(bits << 16));

    /// The value of `format` that `exact` (not zero) rounds to, as a double (infinite on overflow).
    static double round(BigDecimal exact, Format format, int mode) {
        boolean negative = exact.signum() < 0;
        BigDecimal magnitude = exact.abs();
        int low = 0;
        int high = format.largest() + 1;
        while (high - low > 1) {
            int middle = (low + high) >>> 1;
            if (new BigDecimal(format.value().applyAsDouble(middle)).compareTo(magnitude) <= 0) {
                low = middle;
            } else {
                high = middle;
            }
        }
        int chosen = choose(magnitude, low, format, negative, mode);
        double value =
                chosen > format.largest()
                        ? Double.POSITIVE_INFINITY
                        : format.value().applyAsDouble(chosen);
        return negative ? -value : value;
    }

    private static int choose(
            BigDecimal magnitude, int low, Format format, boolean negative, int mode) {
        BigDecimal below = new BigDecimal(format.value().applyAsDouble(low));
        if (below.compareTo(magnitude) == 0) {
            return low;
        }
        boolean away =
                switch (mode) {
                    case Rounding.ZERO -> false;
                    case Rounding.DOWN -> negative;
                    case Rounding.UP -> !negative;
                    default -> nearer(magnitude, below, low, format, mode);
                };
        return away ? low + 1 : low;
    }

    private static boolean nearer(
            BigDecimal magnitude, BigDecimal below, int low, Format format, int mode) {
        BigDecimal above =
                low < format.largest()
                        ? new BigDecimal(format.value().applyAsDouble(low + 1))
                        : below.add(
                                below.subtract(
                                        new BigDecimal(format.value().applyAsDouble(low - 1))));
        int side = magnitude.multiply(BigDecimal.TWO).compareTo(below.add(above));
        return side > 0 || (side == 0 && (mode == Rounding.NEAREST_AWAY || (low & 1) != 0));
    }

    /// As [#round] for doubles.
    static double roundToDouble(BigDecimal exact, int mode) {
        BigDecimal magnitude = exact.abs();
        boolean negative = exact.signum() < 0;
        long low = 0;
        long high = Double.doubleToRawLongBits(Double.POSITIVE_INFINITY);
        while (high - low > 1) {
            long middle = (low + high) >>> 1;
            if (new BigDecimal(Double.longBitsToDouble(middle)).compareTo(magnitude) <= 0) {
                low = middle;
            } else {
                high = middle;
            }
        }
        BigDecimal below = new BigDecimal(Double.longBitsToDouble(low));
        boolean inexact = below.compareTo(magnitude) != 0;
        boolean away =
                inexact
                        && switch (mode) {
                            case Rounding.DOWN -> negative;
                            case Rounding.UP -> !negative;
                            case Rounding.ZERO -> false;
                            default -> throw new IllegalArgumentException("mode: " + mode);
                        };
        double value = Double.longBitsToDouble(away ? low + 1 : low);
        return negative ? -value : value;
    }

    /// A quotient with enough digits, and its last one odd if it is inexact, so that rounding it
    /// rounds the quotient.
    static BigDecimal quotient(double a, double b) {
        return sticky(
                new BigDecimal(a)
                        .divide(
                                new BigDecimal(b),
                                new MathContext(QUOTIENT_DIGITS, RoundingMode.DOWN)),
                new BigDecimal(a),
                new BigDecimal(b));
    }

    private static BigDecimal sticky(BigDecimal truncated, BigDecimal a, BigDecimal b) {
        if (truncated.multiply(b).compareTo(a) == 0) {
            return truncated;
        }
        BigDecimal little = BigDecimal.ONE.movePointLeft(truncated.scale() + 20);
        return truncated.signum() < 0 ? truncated.subtract(little) : truncated.add(little);
    }

    /// A square root in the same way.
    static BigDecimal root(double a) {
        BigDecimal value = new BigDecimal(a);
        BigDecimal root = value.sqrt(new MathContext(ROOT_DIGITS, RoundingMode.DOWN));
        if (root.multiply(root).compareTo(value) == 0) {
            return root;
        }
        return root.add(BigDecimal.ONE.movePointLeft(root.scale() + 20));
    }

    static BigDecimal integer(BigInteger value) {
        return new BigDecimal(value);
    }
}
