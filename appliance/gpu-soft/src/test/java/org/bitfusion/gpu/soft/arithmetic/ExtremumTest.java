package org.bitfusion.gpu.soft.arithmetic;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// What PTX says of min and max with NaN and zeros (PTX ISA, "min", "max").
class ExtremumTest {
    private static final int CANONICAL = 0x7fffffff;
    private static final float NAN = Float.intBitsToFloat(0x7fc00001);
    private static final float NEGATIVE_NAN = Float.intBitsToFloat(0xffc00002);

    private static int bits(float value) {
        return Float.floatToRawIntBits(value);
    }

    @Test
    void oneNanGivesTheOtherOperand() {
        assertThat(FloatArithmetic.min(NAN, 1)).isEqualTo(1f);
        assertThat(FloatArithmetic.min(1, NAN)).isEqualTo(1f);
        assertThat(FloatArithmetic.max(NEGATIVE_NAN, -1)).isEqualTo(-1f);
        assertThat(FloatArithmetic.max(-1, NAN)).isEqualTo(-1f);
    }

    @Test
    void twoGiveTheCanonicalOne() {
        assertThat(bits(FloatArithmetic.min(NAN, NEGATIVE_NAN))).isEqualTo(CANONICAL);
        assertThat(bits(FloatArithmetic.max(NEGATIVE_NAN, NAN))).isEqualTo(CANONICAL);
    }

    @Test
    void whereNanWinsItIsTheCanonicalOne() {
        assertThat(bits(FloatArithmetic.minNan(NAN, 1))).isEqualTo(CANONICAL);
        assertThat(bits(FloatArithmetic.maxNan(1, NEGATIVE_NAN))).isEqualTo(CANONICAL);
        assertThat(FloatArithmetic.minNan(2, 1)).isEqualTo(1f);
        assertThat(FloatArithmetic.maxNan(2, 1)).isEqualTo(2f);
    }

    @Test
    void minusZeroIsLess() {
        assertThat(bits(FloatArithmetic.min(0f, -0f))).isEqualTo(0x80000000);
        assertThat(bits(FloatArithmetic.max(-0f, 0f))).isZero();
    }
}
