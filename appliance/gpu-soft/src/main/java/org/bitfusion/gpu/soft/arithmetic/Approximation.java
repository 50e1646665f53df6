package org.bitfusion.gpu.soft.arithmetic;

/// The approximate instructions, well inside the error bounds that the PTX ISA states for each.
/// Arguments and results are not flushed here: `.ftz` forms flush with [FloatArithmetic#flush].
public final class Approximation {
    private static final double INVERSE_LN2 = 1.4426950408889634;
    private static final double[] EXP2 = {
        1.0,
        0.6931471805599453,
        0.2402265069591007,
        0.05550410866482158,
        0.009618129107628477,
        0.0013333558146428443,
        0.0001540353039338161,
        1.5252733804059838E-5
    };

    private Approximation() {}

    /// 2^x; the ISA allows a relative error of 2^-22.
    public static float ex2(float x) {
        if (x >= 128) {
            return Float.POSITIVE_INFINITY;
        }
        if (x < -150) {
            return 0;
        }
        double whole = Math.rint(x);
        double fraction = x - whole;
        double sum = EXP2[7];
        for (int term = 6; term >= 0; term--) {
            sum = sum * fraction + EXP2[term];
        }
        return Float.isNaN(x) ? Float.NaN : (float) (sum * power((int) whole));
    }

    private static double power(int exponent) {
        return Double.longBitsToDouble((long) (exponent + 1023) << 52);
    }

    /// log2(x); the ISA allows an absolute error of 2^-22 in [0.5, 2] and a relative one elsewhere.
    public static float lg2(float x) {
        return (float) (Math.log(x) * INVERSE_LN2);
    }

    public static float sin(float x) {
        return (float) Math.sin(x);
    }

    public static float cos(float x) {
        return (float) Math.cos(x);
    }

    /// The ISA allows a relative error of 2^-11.
    public static float tanh(float x) {
        return (float) Math.tanh(x);
    }

    public static float rcp(float x) {
        return 1 / x;
    }

    public static float sqrt(float x) {
        return (float) Math.sqrt(x);
    }

    /// Two roundings: 2^-23; the ISA allows a relative error of 2^-22.9.
    public static float rsqrt(float x) {
        return 1 / (float) Math.sqrt(x);
    }

    public static double rsqrt(double x) {
        return 1 / Math.sqrt(x);
    }

    /// `div.approx`: for divisors above 2^126 the ISA says 0, or NaN for an infinite dividend.
    public static float div(float a, float b) {
        float magnitude = Math.abs(b);
        if (magnitude > 0x1p126f && magnitude <= Float.MAX_VALUE) {
            return Float.isInfinite(a) || Float.isNaN(a)
                    ? Float.NaN
                    : Math.copySign(0f, a) * Math.signum(b);
        }
        return a / b;
    }

    /// `rcp.approx.ftz.f64`: from and to the upper 32 bits.
    public static double rcpHigh(double x) {
        return high(1 / high(flush(x)));
    }

    /// `rsqrt.approx.ftz.f64`: from and to the upper 32 bits.
    public static double rsqrtHigh(double x) {
        return high(1 / Math.sqrt(high(flush(x))));
    }

    private static double flush(double x) {
        return Math.abs(x) < Double.MIN_NORMAL ? Math.copySign(0.0, x) : x;
    }

    private static double high(double x) {
        return flush(
                Double.longBitsToDouble(Double.doubleToRawLongBits(x) & 0xFFFF_FFFF_0000_0000L));
    }
}
