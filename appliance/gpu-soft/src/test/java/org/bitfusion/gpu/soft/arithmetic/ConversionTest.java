package org.bitfusion.gpu.soft.arithmetic;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Conversions against exact integers; special values as the PTX ISA's text on cvt has them.
class ConversionTest {
    private final SplittableRandom random = new SplittableRandom(7);

    private static RoundingMode decimal(int mode) {
        return switch (mode) {
            case Rounding.NEAREST -> RoundingMode.HALF_EVEN;
            case Rounding.ZERO -> RoundingMode.DOWN;
            case Rounding.DOWN -> RoundingMode.FLOOR;
            default -> RoundingMode.CEILING;
        };
    }

    private double anyDouble() {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(-300, 300) / 2.0;
            case 1 -> (random.nextDouble() - 0.5) * 0x1p34;
            case 2 -> (random.nextDouble() - 0.5) * 0x1p66;
            default -> (random.nextDouble() - 0.5) * 4;
        };
    }

    @ParameterizedTest
    @CsvSource({"0,8", "1,16", "2,32", "3,64", "0,64", "1,8", "2,16", "3,32", "0,32"})
    void floatsRoundThenClamp(int mode, int bits) {
        for (int count = 0; count < 20_000; count++) {
            double value = anyDouble();
            BigInteger whole = new BigDecimal(value).setScale(0, decimal(mode)).toBigInteger();
            BigInteger signedLimit = BigInteger.ONE.shiftLeft(bits - 1);
            BigInteger signed =
                    whole.max(signedLimit.negate()).min(signedLimit.subtract(BigInteger.ONE));
            BigInteger unsigned =
                    whole.max(BigInteger.ZERO)
                            .min(BigInteger.ONE.shiftLeft(bits).subtract(BigInteger.ONE));
            assertThat(Conversion.toSigned(value, mode, bits, true))
                    .as("%s", value)
                    .isEqualTo(signed.longValueExact());
            assertThat(Conversion.toUnsigned(value, mode, bits, true))
                    .as("%s", value)
                    .isEqualTo(unsigned.longValue());
        }
    }

    @Test
    void notANumberBecomesZeroOrTheHighestBit() {
        assertThat(Conversion.toSigned(Double.NaN, Rounding.ZERO, 32, false)).isZero();
        assertThat(Conversion.toUnsigned(Double.NaN, Rounding.ZERO, 8, false)).isZero();
        assertThat(Conversion.toSigned(Double.NaN, Rounding.ZERO, 32, true))
                .isEqualTo(Integer.MIN_VALUE);
        assertThat(Conversion.toUnsigned(Double.NaN, Rounding.ZERO, 64, true))
                .isEqualTo(Long.MIN_VALUE);
    }

    @ParameterizedTest
    @ValueSource(ints = {Rounding.NEAREST, Rounding.ZERO, Rounding.DOWN, Rounding.UP})
    void integersRoundOnce(int mode) {
        for (int count = 0; count < 20_000; count++) {
            long value = random.nextLong() >> random.nextInt(64);
            if (value == 0) {
                continue;
            }
            BigDecimal signed = new BigDecimal(value);
            BigDecimal unsigned = new BigDecimal(new BigInteger(Long.toUnsignedString(value)));
            assertThat((double) Conversion.signedToFloat(value, mode))
                    .as("%d", value)
                    .isEqualTo(Exact.round(signed, Exact.F32, mode));
            assertThat((double) Conversion.unsignedToFloat(value, mode))
                    .as("%d", value)
                    .isEqualTo(Exact.round(unsigned, Exact.F32, mode));
            assertThat(Half.toFloat(Half.fromDouble(Conversion.signedToOdd(value), mode)))
                    .as("%d", value)
                    .isEqualTo((float) Exact.round(signed, Exact.F16, mode));
            assertThat(
                            Half.brainToFloat(
                                    Half.brainFromDouble(Conversion.unsignedToOdd(value), mode)))
                    .as("%d", value)
                    .isEqualTo((float) Exact.round(unsigned, Exact.BF16, mode));
            if (mode != Rounding.NEAREST) {
                assertThat(Conversion.signedToDouble(value, mode))
                        .isEqualTo(Exact.roundToDouble(signed, mode));
                assertThat(Conversion.unsignedToDouble(value, mode))
                        .isEqualTo(Exact.roundToDouble(unsigned, mode));
            } else {
                assertThat(Conversion.unsignedToDouble(value, mode))
                        .isEqualTo(unsigned.doubleValue());
            }
        }
    }

    @Test
    void saturatingIntegerConversionsClamp() {
        assertThat(Conversion.clampSigned(300, false, 8)).isEqualTo(127);
        assertThat(Conversion.clampSigned(-300, false, 8)).isEqualTo(-128);
        assertThat(Conversion.clampSigned(-1, true, 32)).isEqualTo(Integer.MAX_VALUE);
        assertThat(Conversion.clampUnsigned(-5, false, 16)).isZero();
        assertThat(Conversion.clampUnsigned(-5, true, 16)).isEqualTo(0xFFFF);
    }

    @Test
    void tf32KeepsTenFractionBitsTiesAway() {
        float tie = 1 + 0x1p-11f;
        assertThat(Float.intBitsToFloat(Conversion.toTf32(tie, Rounding.NEAREST_AWAY)))
                .isEqualTo(1 + 0x1p-10f);
        assertThat(Float.intBitsToFloat(Conversion.toTf32(-tie, Rounding.NEAREST_AWAY)))
                .isEqualTo(-1 - 0x1p-10f);
        assertThat(
                        Float.intBitsToFloat(
                                Conversion.toTf32(Math.nextDown(tie), Rounding.NEAREST_AWAY)))
                .isEqualTo(1f);
    }
}
