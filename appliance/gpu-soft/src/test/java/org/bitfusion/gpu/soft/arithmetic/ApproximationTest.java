package org.bitfusion.gpu.soft.arithmetic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// Approximate instructions, and their `.ftz` forms, within the bounds that the PTX ISA states,
/// over the floats of [Floats]; both signs, subnormals, infinities and NaNs among them.
///
/// References are taken in double arithmetic, whose error (2^-50 and less, relative) is far below
/// every bound: quotients and roots are multiplied back, where the product of two floats is exact;
/// functions come from [StrictMath], or from [Math#pow], and are not what the implementation calls.
class ApproximationTest {
    private static final double LN2 = StrictMath.log(2);
    private static final double RSQRT_BOUND = StrictMath.pow(2, -22.9);
    private static final double SINE_BOUND = StrictMath.pow(2, -20.5);
    private static final double FAR_SINE_BOUND = StrictMath.pow(2, -14.7);
    private static final double[] LOGARITHMS = logarithms();

    /// log2 of 1.0, 1.0 + 2^-23, ... Not in parallel: other threads could not enter this class yet.
    private static double[] logarithms() {
        double[] table = new double[1 << 23];
        Arrays.setAll(table, i -> StrictMath.log(1 + i * 0x1p-23) / StrictMath.log(2));
        return table;
    }

    /// Relative, and a step of the smallest float where the result is subnormal.
    private static boolean near(double result, double wanted, double relative) {
        return Math.abs(result - wanted) <= Math.abs(wanted) * relative + 0x1p-150;
    }

    private static boolean same(float left, float right) {
        return Float.floatToIntBits(left) == Float.floatToIntBits(right);
    }

    @Test
    void powersOfTwo() {
        assertThat(Floats.outside(Approximation::ex2, ApproximationTest::isPowerOfTwo)).isEmpty();
        assertThat(Approximation.ex2(Float.NEGATIVE_INFINITY)).isEqualTo(0f);
        assertThat(Approximation.ex2(Float.POSITIVE_INFINITY)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(Approximation.ex2(3f)).isEqualTo(8f);
        assertThat(Approximation.ex2(-149f)).isEqualTo(Float.MIN_VALUE);
        assertThat(Approximation.ex2(Float.NaN)).isNaN();
    }

    private static boolean isPowerOfTwo(float x, float y) {
        if (Math.abs(x) < 0x1p-26) { // the next term is below 2^-53
            return near(y, 1 + x * LN2, 0x1p-22);
        }
        if (x >= 128 || x < -151) {
            return y == (x > 0 ? Float.POSITIVE_INFINITY : 0);
        }
        return Float.isNaN(x) ? Float.isNaN(y) : near(y, Math.pow(2, x), 0x1p-22);
    }

    @Test
    void logarithmsToBaseTwo() {
        assertThat(Floats.outside(Approximation::lg2, ApproximationTest::isLogarithm)).isEmpty();
        assertThat(Approximation.lg2(0f)).isEqualTo(Float.NEGATIVE_INFINITY);
        assertThat(Approximation.lg2(-1f)).isNaN();
        assertThat(Approximation.lg2(1024f)).isEqualTo(10f);
    }

    private static boolean isLogarithm(float x, float y) {
        if (!(x > 0) || x == Float.POSITIVE_INFINITY) {
            return x == 0
                    ? y == Float.NEGATIVE_INFINITY
                    : x > 0 ? y == Float.POSITIVE_INFINITY : Float.isNaN(y);
        }
        double wide = x;
        int fraction = (int) (Double.doubleToRawLongBits(wide) >>> 29) & 0x7F_FFFF;
        double wanted = Math.getExponent(wide) + LOGARITHMS[fraction];
        double scale = x > 0.5f && x < 2 ? 1 : Math.abs(wanted);
        return Math.abs(y - wanted) <= scale * 0x1p-22;
    }

    @Test
    void sines() {
        assertThat(Floats.outside(Approximation::sin, ApproximationTest::isSine)).isEmpty();
        assertThat(Approximation.sin(Float.POSITIVE_INFINITY)).isNaN();
        assertThat(same(Approximation.sin(-0f), -0f)).isTrue();
    }

    private static boolean isSine(float x, float y) {
        double wide = x;
        return Math.abs(wide) < 0x1p-12
                ? near(y, wide - wide * wide * wide / 6, 0x1p-22) // the next term is below 2^-54
                : isWave(x, y, isFar(x) ? 0 : StrictMath.sin(wide));
    }

    @Test
    void cosines() {
        assertThat(Floats.outside(Approximation::cos, ApproximationTest::isCosine)).isEmpty();
        assertThat(Approximation.cos(Float.NEGATIVE_INFINITY)).isNaN();
        assertThat(Approximation.cos(0f)).isEqualTo(1f);
    }

    private static boolean isCosine(float x, float y) {
        double wide = x;
        return Math.abs(wide) < 0x1p-12
                ? near(y, 1 - wide * wide / 2, 0x1p-22) // the next term is below 2^-52
                : isWave(x, y, isFar(x) ? 0 : StrictMath.cos(wide));
    }

    private static boolean isFar(float x) {
        return !(Math.abs(x) <= 100 * Math.PI);
    }

    /// Beyond 100 pi the ISA promises nothing; a sine is a sine there, too.
    private static boolean isWave(float x, float y, double wanted) {
        if (isFar(x)) {
            return Math.abs(x) <= Float.MAX_VALUE ? Math.abs(y) <= 1 : Float.isNaN(y);
        }
        double bound = Math.abs(x) <= 2 * Math.PI ? SINE_BOUND : FAR_SINE_BOUND;
        return Math.abs(y - wanted) <= bound;
    }

    @Test
    void hyperbolicTangents() {
        assertThat(Floats.outside(Approximation::tanh, ApproximationTest::isTangent)).isEmpty();
    }

    private static boolean isTangent(float x, float y) {
        double wide = x;
        double magnitude = Math.abs(wide);
        if (Float.isNaN(x)) {
            return Float.isNaN(y);
        }
        if (magnitude < 0x1p-8) { // the next term is below 2^-34 of the result
            return near(y, wide - wide * wide * wide / 3, 0x1p-11);
        }
        double wanted = magnitude > 20 ? Math.signum(wide) : StrictMath.tanh(wide);
        return near(y, wanted, 0x1p-11);
    }

    @Test
    void reciprocals() {
        assertThat(Floats.outside(Approximation::rcp, ApproximationTest::isReciprocal)).isEmpty();
    }

    private static boolean isReciprocal(float x, float y) {
        float magnitude = Math.abs(x);
        if (Float.isNaN(x)) {
            return Float.isNaN(y);
        }
        if (magnitude <= 0x1p-128f || magnitude == Float.POSITIVE_INFINITY) {
            float wanted = magnitude > 1 ? 0f : Float.POSITIVE_INFINITY;
            return same(y, Math.copySign(wanted, x));
        }
        double one = (double) x * y;
        double slack = magnitude > 0x1p126f ? 0x1p-149 * magnitude : 0;
        return Math.abs(one - 1) <= 0x1p-23 + slack;
    }

    @Test
    void roots() {
        assertThat(Floats.outside(Approximation::sqrt, ApproximationTest::isRoot)).isEmpty();
    }

    private static boolean isRoot(float x, float y) {
        if (!(x > 0) || x == Float.POSITIVE_INFINITY) {
            return (x < 0 || Float.isNaN(x)) ? Float.isNaN(y) : same(x, y);
        }
        // (1 + e)^2 = 1 + 2e + e^2; the relative error of the root is e.
        return y > 0 && Math.abs((double) y * y / x - 1) <= 2 * 0x1p-23;
    }

    @Test
    void reciprocalRoots() {
        assertThat(Floats.outside(Approximation::rsqrt, ApproximationTest::isReciprocalRoot))
                .isEmpty();
        assertThat(Approximation.rsqrt(0f)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(Approximation.rsqrt(-0f)).isEqualTo(Float.NEGATIVE_INFINITY);
    }

    private static boolean isReciprocalRoot(float x, float y) {
        if (!(x > 0) || x == Float.POSITIVE_INFINITY) {
            return x == 0
                    ? y == Math.copySign(Float.POSITIVE_INFINITY, x)
                    : x > 0 ? y == 0 : Float.isNaN(y);
        }
        return y > 0 && Math.abs((double) y * y * x - 1) <= 2 * RSQRT_BOUND;
    }

    /// Two operands cannot be swept over: every divisor, each with one dividend that looks random.
    @Test
    void quotients() {
        assertThat(Floats.without(ApproximationTest::isDivisor)).isEmpty();
        assertThat(Approximation.div(5f, 0x1p127f)).isEqualTo(0f);
        assertThat(Approximation.div(Float.POSITIVE_INFINITY, 0x1p127f)).isNaN();
    }

    /// The ISA: 2 ulp for divisors between 2^-126 and 2^126, 0 for greater ones.
    private static boolean isDivisor(float x) {
        int bits = Float.floatToRawIntBits(x);
        float dividend = Float.intBitsToFloat((bits * 0x9E37_79B1) ^ (bits >>> 15));
        float y = Approximation.div(dividend, x);
        float magnitude = Math.abs(x);
        if (!Float.isFinite(dividend)
                || !(magnitude >= Float.MIN_NORMAL && magnitude <= 0x1p127f)) {
            return true; // single values above
        }
        double wanted = (double) dividend / x;
        if (magnitude > 0x1p126f) {
            return y == 0;
        }
        return Math.abs(wanted) > Float.MAX_VALUE
                ? Math.abs(y) >= Float.MAX_VALUE
                : Math.abs(y - wanted) <= 2 * Math.ulp((float) wanted);
    }

    @Test
    void doublesFromTheUpperHalf() {
        for (double x = 1e-300; x < 1e300; x *= 1.37) {
            double reciprocal = Approximation.rcpHigh(x);
            assertThat(Math.abs(reciprocal * x - 1)).isLessThan(0x1p-19);
            assertThat(Double.doubleToRawLongBits(reciprocal) & 0xFFFF_FFFFL).isZero();
            double root = Approximation.rsqrtHigh(x);
            assertThat(Math.abs(root * root * x - 1)).isLessThan(0x1p-18);
        }
        assertThat(Approximation.rcpHigh(Double.MIN_VALUE)).isEqualTo(Double.POSITIVE_INFINITY);
    }
}
