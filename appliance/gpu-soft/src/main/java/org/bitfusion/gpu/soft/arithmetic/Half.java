package org.bitfusion.gpu.soft.arithmetic;

/// Half precision (.f16) and bfloat16 (.bf16) values as the low 16 bits of an int. Operations are
/// exact in double (by rounding to odd where needed), then rounded once.
public final class Half {
    /// The canonical NaN.
    public static final int NAN = 0x7FFF;

    private static final double F16_MAXIMUM = 65504;
    private static final double BF16_MAXIMUM = 0x1.fep127;

    private Half() {}

    public static float toFloat(int bits) {
        return Float.float16ToFloat((short) bits);
    }

    /// A double as f16 bits; see [Rounding].
    public static int fromDouble(double value, int mode) {
        if (Double.isNaN(value)) {
            return NAN;
        }
        double rounded = Rounding.toFormat(value, 11, -14, F16_MAXIMUM, mode);
        return Float.floatToFloat16((float) rounded) & 0xFFFF;
    }

    public static int fromFloat(float value, int mode) {
        if (mode == Rounding.NEAREST) {
            return Double.isNaN(value) ? NAN : Float.floatToFloat16(value) & 0xFFFF;
        }
        return fromDouble(value, mode);
    }

    public static float brainToFloat(int bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    public static int brainFromDouble(double value, int mode) {
        if (Double.isNaN(value)) {
            return NAN;
        }
        double rounded = Rounding.toFormat(value, 8, Float.MIN_EXPONENT, BF16_MAXIMUM, mode);
        return Float.floatToRawIntBits((float) rounded) >>> 16;
    }

    public static int brainFromFloat(float value, int mode) {
        return brainFromDouble(value, mode);
    }

    /// The value of f16 (or, with `brain`, bf16) bits.
    public static float value(int bits, boolean brain) {
        return brain ? brainToFloat(bits) : toFloat(bits);
    }

    /// Rounded to nearest f16 or bf16.
    public static int round(double value, boolean brain) {
        return brain
                ? brainFromDouble(value, Rounding.NEAREST)
                : fromDouble(value, Rounding.NEAREST);
    }

    /// Subnormal f16 to zero of the same sign.
    public static int flush(int bits) {
        return (bits & 0x7C00) == 0 ? bits & 0x8000 : bits;
    }

    public static int add(int a, int b, boolean brain) {
        return round(sum(value(a, brain), value(b, brain)), brain);
    }

    public static int sub(int a, int b, boolean brain) {
        return round(sum(value(a, brain), -value(b, brain)), brain);
    }

    public static int mul(int a, int b, boolean brain) {
        return round((double) value(a, brain) * value(b, brain), brain);
    }

    public static int fma(int a, int b, int c, boolean brain) {
        return round(sum((double) value(a, brain) * value(b, brain), value(c, brain)), brain);
    }

    public static int neg(int a) {
        return (a ^ 0x8000) & 0xFFFF;
    }

    public static int abs(int a) {
        return a & 0x7FFF;
    }

    public static int min(int a, int b, boolean brain) {
        return choose(a, b, brain, true);
    }

    public static int max(int a, int b, boolean brain) {
        return choose(a, b, brain, false);
    }

    public static boolean isNan(int a, boolean brain) {
        return (a & 0x7FFF) > (brain ? 0x7F80 : 0x7C00);
    }

    /// Clamped to [0, 1]; NaN becomes 0.
    public static int saturate(int bits, boolean brain) {
        return round(FloatArithmetic.saturate(value(bits, brain)), brain);
    }

    private static int choose(int a, int b, boolean brain, boolean minimum) {
        if (isNan(a, brain)) {
            return isNan(b, brain) ? NAN : b & 0xFFFF;
        }
        if (isNan(b, brain)) {
            return a & 0xFFFF;
        }
        float x = value(a, brain);
        float y = value(b, brain);
        float chosen = minimum ? Math.min(x, y) : Math.max(x, y);
        return Float.floatToRawIntBits(chosen) == Float.floatToRawIntBits(x)
                ? a & 0xFFFF
                : b & 0xFFFF;
    }

    /// a + b so that rounding again is rounding once.
    private static double sum(double a, double b) {
        double sum = a + b;
        double other = sum - a;
        return Rounding.odd(sum, (a - (sum - other)) + (b - other));
    }
}
