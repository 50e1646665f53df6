package org.bitfusion.gpu.soft.arithmetic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/// Approximate instructions within the bounds that the PTX ISA states, over every 97th float (and
/// every float near the places where the bound is hardest to keep).
class ApproximationTest {
    private static final int STEP = 97;

    @FunctionalInterface
    private interface Single {
        float apply(float x);
    }

    private static double worstRelative(
            Single approximate, DoubleUnaryOperator exact, float from, float to) {
        double worst = 0;
        int last = Float.floatToRawIntBits(to);
        for (int bits = Float.floatToRawIntBits(from); bits <= last; bits += STEP) {
            float x = Float.intBitsToFloat(bits);
            double wanted = exact.applyAsDouble(x);
            double error = Math.abs(approximate.apply(x) - wanted) / Math.abs(wanted);
            worst = Math.max(worst, error);
        }
        return worst;
    }

    private static double worstAbsolute(
            Single approximate, DoubleUnaryOperator exact, float from, float to) {
        double worst = 0;
        int last = Float.floatToRawIntBits(to);
        for (int bits = Float.floatToRawIntBits(from); bits <= last; bits += STEP) {
            float x = Float.intBitsToFloat(bits);
            worst = Math.max(worst, Math.abs(approximate.apply(x) - exact.applyAsDouble(x)));
        }
        return worst;
    }

    @Test
    void powersOfTwo() {
        DoubleUnaryOperator exact = x -> StrictMath.pow(2, x);
        assertThat(worstRelative(Approximation::ex2, exact, 0x1p-30f, 127.99f)).isLessThan(0x1p-22);
        assertThat(
                        worstRelative(
                                x -> Approximation.ex2(-x),
                                x -> StrictMath.pow(2, -x),
                                0x1p-30f,
                                126f))
                .isLessThan(0x1p-22);
        assertThat(Approximation.ex2(Float.NEGATIVE_INFINITY)).isEqualTo(0f);
        assertThat(Approximation.ex2(Float.POSITIVE_INFINITY)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(Approximation.ex2(3f)).isEqualTo(8f);
        assertThat(Approximation.ex2(-149f)).isEqualTo(Float.MIN_VALUE);
        assertThat(Approximation.ex2(Float.NaN)).isNaN();
    }

    @Test
    void logarithms() {
        DoubleUnaryOperator exact = x -> StrictMath.log(x) / StrictMath.log(2);
        assertThat(worstAbsolute(Approximation::lg2, exact, 0.5f, 2f)).isLessThan(0x1p-22);
        assertThat(worstRelative(Approximation::lg2, exact, 2.0001f, Float.MAX_VALUE))
                .isLessThan(0x1p-22);
        assertThat(worstRelative(Approximation::lg2, exact, Float.MIN_VALUE, 0.4999f))
                .isLessThan(0x1p-22);
        assertThat(Approximation.lg2(0f)).isEqualTo(Float.NEGATIVE_INFINITY);
        assertThat(Approximation.lg2(-1f)).isNaN();
        assertThat(Approximation.lg2(1024f)).isEqualTo(10f);
    }

    @Test
    void sinesAndCosines() {
        assertThat(worstAbsolute(Approximation::sin, StrictMath::sin, 0x1p-20f, 6.2832f))
                .isLessThan(0x1p-20);
        assertThat(worstAbsolute(Approximation::cos, StrictMath::cos, 0x1p-20f, 6.2832f))
                .isLessThan(0x1p-20);
        assertThat(Approximation.sin(Float.POSITIVE_INFINITY)).isNaN();
        assertThat(Approximation.cos(0f)).isEqualTo(1f);
    }

    @Test
    void reciprocalsAndRoots() {
        assertThat(worstRelative(Approximation::rcp, x -> 1 / x, 0x1p-126f, 0x1p126f))
                .isLessThan(0x1p-23);
        assertThat(
                        worstRelative(
                                Approximation::rsqrt,
                                x -> 1 / StrictMath.sqrt(x),
                                Float.MIN_NORMAL,
                                Float.MAX_VALUE))
                .isLessThan(StrictMath.pow(2, -22.9));
        assertThat(
                        worstRelative(
                                Approximation::sqrt,
                                StrictMath::sqrt,
                                Float.MIN_NORMAL,
                                Float.MAX_VALUE))
                .isLessThan(0x1p-23);
        assertThat(Approximation.rsqrt(0f)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(Approximation.rsqrt(-0f)).isEqualTo(Float.NEGATIVE_INFINITY);
    }

    @Test
    void hyperbolicTangents() {
        assertThat(worstRelative(Approximation::tanh, StrictMath::tanh, 0x1p-20f, 10f))
                .isLessThan(0x1p-11);
    }

    @Test
    void quotients() {
        assertThat(Approximation.div(1f, 3f))
                .isCloseTo(1 / 3f, org.assertj.core.data.Offset.offset(Math.ulp(1 / 3f) * 2));
        assertThat(Approximation.div(5f, 0x1p127f)).isEqualTo(0f);
        assertThat(Approximation.div(Float.POSITIVE_INFINITY, 0x1p127f)).isNaN();
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
