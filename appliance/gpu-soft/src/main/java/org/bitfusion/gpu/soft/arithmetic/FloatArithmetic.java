package org.bitfusion.gpu.soft.arithmetic;

/// Single-precision operations with a rounding mode. Sums and products of floats are exact as a
/// pair of doubles, so rounding that pair once is exact (PTX ISA, "Rounding Modifiers"). Modes are
/// those of [Rounding].
public final class FloatArithmetic {
    /// The NaN that f32 operations make (PTX ISA, "Floating Point Comparisons" and "min").
    private static final float CANONICAL_NAN = Float.intBitsToFloat(0x7fffffff);

    private FloatArithmetic() {}

    public static float add(float a, float b, int mode) {
        if (mode == Rounding.NEAREST) {
            return a + b;
        }
        double sum = (double) a + b;
        return fromPair(sum, sumError(a, b, sum), zeroSum(a, b, mode), mode);
    }

    public static float sub(float a, float b, int mode) {
        return add(a, -b, mode);
    }

    public static float mul(float a, float b, int mode) {
        return mode == Rounding.NEAREST ? a * b : fromDouble((double) a * b, mode);
    }

    public static float fma(float a, float b, float c, int mode) {
        if (mode == Rounding.NEAREST) {
            return Math.fma(a, b, c);
        }
        double product = (double) a * b;
        double sum = product + c;
        return fromPair(sum, sumError(product, c, sum), zeroSum(product, c, mode), mode);
    }

    public static float div(float a, float b, int mode) {
        if (mode == Rounding.NEAREST) {
            return a / b;
        }
        double quotient = (double) a / b;
        double error = Math.fma(-quotient, b, a);
        return fromPair(quotient, b < 0 ? -error : error, (float) quotient, mode);
    }

    public static float rcp(float a, int mode) {
        return div(1, a, mode);
    }

    public static float sqrt(float a, int mode) {
        double root = Math.sqrt(a);
        if (mode == Rounding.NEAREST) {
            return (float) root;
        }
        return fromPair(root, Math.fma(-root, root, a), (float) root, mode);
    }

    /// `value` as a float.
    public static float fromDouble(double value, int mode) {
        return fromPair(value, 0, (float) value, mode);
    }

    /// Subnormals become zeros of the same sign.
    public static float flush(float value) {
        return Math.abs(value) < Float.MIN_NORMAL ? Math.copySign(0f, value) : value;
    }

    /// Clamped to [0, 1]; NaN becomes 0.
    public static float saturate(float value) {
        return value > 0 ? Math.min(value, 1f) : 0f;
    }

    /// PTX ISA, "min": a NaN gives the other operand, two give the canonical NaN; -0 is less than
    /// +0.
    public static float min(float a, float b) {
        if (Float.isNaN(a)) {
            return canonical(b);
        }
        return Float.isNaN(b) ? a : Math.min(a, b);
    }

    /// As [#min].
    public static float max(float a, float b) {
        if (Float.isNaN(a)) {
            return canonical(b);
        }
        return Float.isNaN(b) ? a : Math.max(a, b);
    }

    /// `min.NaN`: a NaN gives the canonical one.
    public static float minNan(float a, float b) {
        return canonical(Math.min(a, b));
    }

    /// `max.NaN`, as [#minNan].
    public static float maxNan(float a, float b) {
        return canonical(Math.max(a, b));
    }

    private static float canonical(float value) {
        return Float.isNaN(value) ? CANONICAL_NAN : value;
    }

    /// The sign of `a` on the magnitude of `b`.
    public static float copysign(float a, float b) {
        int bits =
                (Float.floatToRawIntBits(a) & Integer.MIN_VALUE)
                        | (Float.floatToRawIntBits(b) & Integer.MAX_VALUE);
        return Float.intBitsToFloat(bits);
    }

    private static double sumError(double a, double b, double sum) {
        double other = sum - a;
        return (a - (sum - other)) + (b - other);
    }

    /// The sum when it is exactly zero: -0 when rounding down unless both are +0.
    private static float zeroSum(double a, double b, int mode) {
        boolean sameSign =
                (Double.doubleToRawLongBits(a) < 0) == (Double.doubleToRawLongBits(b) < 0);
        if (sameSign) {
            return (float) (a + b);
        }
        return mode == Rounding.DOWN ? -0f : 0f;
    }

    private static float fromPair(double sum, double error, float zero, int mode) {
        if (sum == 0) {
            return zero;
        }
        float nearest = (float) sum;
        if (mode == Rounding.NEAREST || !Double.isFinite(sum)) {
            return nearest;
        }
        boolean below = nearest < sum || (nearest == sum && error > 0);
        boolean above = nearest > sum || (nearest == sum && error < 0);
        return switch (mode) {
            case Rounding.DOWN -> above ? Math.nextDown(nearest) : nearest;
            case Rounding.UP -> below ? Math.nextUp(nearest) : nearest;
            default -> {
                if (sum > 0) {
                    yield above ? Math.nextDown(nearest) : nearest;
                }
                yield below ? Math.nextUp(nearest) : nearest;
            }
        };
    }
}
