package org.bitfusion.gpu.soft.arithmetic;

import java.math.BigDecimal;

/// Double-precision operations with a rounding mode (those of [Rounding]): the nearest result,
/// corrected by the sign of its exact error. Operands are scaled to [1, 2) where the error could
/// otherwise underflow.
public final class DoubleArithmetic {
    private static final double SAFE_SMALL = 0x1p-400;
    private static final double SAFE_LARGE = 0x1p400;

    private DoubleArithmetic() {}

    public static double add(double a, double b, int mode) {
        double sum = a + b;
        if (mode == Rounding.NEAREST || !Double.isFinite(a) || !Double.isFinite(b)) {
            return sum;
        }
        if (sum == 0) {
            return signedZero(a, b, sum, mode);
        }
        if (Double.isInfinite(sum)) {
            return Rounding.directed(sum, sum > 0 ? -1 : 1, mode);
        }
        double other = sum - a;
        double error = (a - (sum - other)) + (b - other);
        return Rounding.directed(sum, sign(error), mode);
    }

    public static double sub(double a, double b, int mode) {
        return add(a, -b, mode);
    }

    public static double mul(double a, double b, int mode) {
        double product = a * b;
        if (mode == Rounding.NEAREST || !bothFinite(a, b) || a == 0 || b == 0) {
            return product;
        }
        int scaleA = exponent(a);
        int scaleB = exponent(b);
        double x = Math.scalb(a, -scaleA);
        double y = Math.scalb(b, -scaleB);
        double scaled = x * y;
        double error = Math.fma(x, y, -scaled);
        return Rounding.directed(product, compare(scaled, error, product, scaleA + scaleB), mode);
    }

    public static double fma(double a, double b, double c, int mode) {
        double nearest = Math.fma(a, b, c);
        if (mode == Rounding.NEAREST || !bothFinite(a, b) || !Double.isFinite(c)) {
            return nearest;
        }
        if (a == 0 || b == 0) {
            return add(a * b, c, mode);
        }
        if (Double.isInfinite(nearest)) {
            return Rounding.directed(nearest, nearest > 0 ? -1 : 1, mode);
        }
        int error =
                isSafe(a) && isSafe(b) && (c == 0 || isSafe(c))
                        ? fmaError(a, b, c, nearest)
                        : exactFmaError(a, b, c, nearest);
        if (nearest == 0 && error == 0) {
            return signedZero(Math.copySign(1, a) * Math.copySign(1, b), c, nearest, mode);
        }
        return Rounding.directed(nearest, error, mode);
    }

    public static double div(double a, double b, int mode) {
        double quotient = a / b;
        if (mode == Rounding.NEAREST || !bothFinite(a, b) || a == 0 || b == 0) {
            return quotient;
        }
        int scaleA = exponent(a);
        int scaleB = exponent(b);
        double x = Math.scalb(a, -scaleA);
        double y = Math.scalb(b, -scaleB);
        double scaled = x / y;
        double error = Math.fma(-scaled, y, x) * Math.signum(y);
        return Rounding.directed(quotient, compare(scaled, error, quotient, scaleA - scaleB), mode);
    }

    public static double rcp(double a, int mode) {
        return div(1, a, mode);
    }

    public static double sqrt(double a, int mode) {
        double root = Math.sqrt(a);
        if (mode == Rounding.NEAREST || !(a > 0) || Double.isInfinite(a)) {
            return root;
        }
        int half = exponent(a) >> 1;
        double x = Math.scalb(a, -2 * half);
        double scaled = Math.scalb(root, -half);
        return Rounding.directed(root, sign(Math.fma(-scaled, scaled, x)), mode);
    }

    /// Clamped to [0, 1]; NaN becomes 0.
    public static double saturate(double value) {
        return value > 0 ? Math.min(value, 1.0) : 0.0;
    }

    /// `min` of PTX: a NaN gives the other operand.
    public static double min(double a, double b) {
        if (Double.isNaN(a)) {
            return b;
        }
        return Double.isNaN(b) ? a : Math.min(a, b);
    }

    public static double max(double a, double b) {
        if (Double.isNaN(a)) {
            return b;
        }
        return Double.isNaN(b) ? a : Math.max(a, b);
    }

    /// The sign of `a` on the magnitude of `b`.
    public static double copysign(double a, double b) {
        long bits =
                (Double.doubleToRawLongBits(a) & Long.MIN_VALUE)
                        | (Double.doubleToRawLongBits(b) & Long.MAX_VALUE);
        return Double.longBitsToDouble(bits);
    }

    private static boolean bothFinite(double a, double b) {
        return Double.isFinite(a) && Double.isFinite(b);
    }

    private static boolean isSafe(double value) {
        double magnitude = Math.abs(value);
        return magnitude > SAFE_SMALL && magnitude < SAFE_LARGE;
    }

    /// Exponent of the leading bit, of subnormals too.
    private static int exponent(double value) {
        int exponent = Math.getExponent(value);
        if (exponent >= Double.MIN_EXPONENT) {
            return exponent;
        }
        return Math.getExponent(value * 0x1p54) - 54;
    }

    private static int sign(double value) {
        return value > 0 ? 1 : value < 0 ? -1 : 0;
    }

    /// Where (scaled + error) * 2^scale lies from `nearest`.
    private static int compare(double scaled, double error, double nearest, int scale) {
        if (Double.isInfinite(nearest)) {
            return nearest > 0 ? -1 : 1;
        }
        double wanted = scaleExactly(nearest, -scale);
        return scaled == wanted ? sign(error) : scaled > wanted ? 1 : -1;
    }

    private static double scaleExactly(double value, int scale) {
        int half = scale / 2;
        return Math.scalb(Math.scalb(value, half), scale - half);
    }

    private static double signedZero(double a, double b, double sum, int mode) {
        boolean sameSign =
                (Double.doubleToRawLongBits(a) < 0) == (Double.doubleToRawLongBits(b) < 0);
        if (sameSign) {
            return sum;
        }
        return mode == Rounding.DOWN ? -0.0 : 0.0;
    }

    /// Sign of the exact a*b+c minus its nearest double (Boldo and Muller, "Exact and Approximated
    /// Error of the FMA").
    private static int fmaError(double a, double b, double c, double nearest) {
        double product = a * b;
        double productError = Math.fma(a, b, -product);
        double low = c + productError;
        double lowOther = low - c;
        double lowError = (c - (low - lowOther)) + (productError - lowOther);
        double high = product + low;
        double highOther = high - product;
        double highError = (product - (high - highOther)) + (low - highOther);
        double rest = (high - nearest) + highError;
        double total = rest + lowError;
        return total != 0 ? sign(total) : sign(lowError - (total - rest));
    }

    private static int exactFmaError(double a, double b, double c, double nearest) {
        return new BigDecimal(a)
                .multiply(new BigDecimal(b))
                .add(new BigDecimal(c))
                .compareTo(new BigDecimal(nearest));
    }
}
