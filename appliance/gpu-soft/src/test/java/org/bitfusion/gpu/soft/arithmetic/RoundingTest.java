package org.bitfusion.gpu.soft.arithmetic;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Directed rounding of single and double precision against exact decimal computation.
class RoundingTest {
    private static final float[] EDGES = {
        0f,
        -0f,
        1f,
        -1f,
        1.5f,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MIN_NORMAL,
        Math.nextDown(Float.MIN_NORMAL),
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        0x1p-100f,
        3f,
        1f / 3,
        Math.nextUp(1f),
        Math.nextDown(1f),
        0x1p24f,
        0x1.fffffep-1f,
        1e-30f,
        1e30f
    };

    private final SplittableRandom random = new SplittableRandom(20261121);

    private float anyFloat() {
        if (random.nextInt(4) == 0) {
            return EDGES[random.nextInt(EDGES.length)];
        }
        if (random.nextInt(3) == 0) {
            return (float) (random.nextDouble() * 4 - 2);
        }
        float value = Float.intBitsToFloat(random.nextInt());
        return Float.isFinite(value) ? value : 1;
    }

    private double anyDouble() {
        return switch (random.nextInt(4)) {
            case 0 -> anyFloat();
            case 1 -> random.nextDouble() * 4 - 2;
            case 2 -> EDGES[random.nextInt(EDGES.length)] * 0x1p-900;
            default -> {
                double value = Double.longBitsToDouble(random.nextLong());
                yield Double.isFinite(value) ? value : -1;
            }
        };
    }

    private static void same(String what, double actual, double expected) {
        assertThat(Double.doubleToLongBits(actual))
                .as(what)
                .isEqualTo(Double.doubleToLongBits(expected));
    }

    private static double expected(BigDecimal exact, double zero, int mode) {
        return exact.signum() == 0 ? zero : Exact.round(exact, Exact.F32, mode);
    }

    private static double zeroSum(double a, double b, int mode) {
        double sum = a + b;
        boolean differ = Math.copySign(1, a) != Math.copySign(1, b);
        return differ && mode == Rounding.DOWN ? -0.0 : sum == 0 ? (differ ? 0.0 : a) : 0.0;
    }

    @ParameterizedTest
    @ValueSource(ints = {Rounding.ZERO, Rounding.DOWN, Rounding.UP, Rounding.NEAREST})
    void floatOperationsRoundTheExactResultOnce(int mode) {
        for (int count = 0; count < 20_000; count++) {
            float a = anyFloat();
            float b = anyFloat();
            float c = anyFloat();
            String what = a + " " + b + " " + c + " mode " + mode;
            BigDecimal x = new BigDecimal(a);
            BigDecimal y = new BigDecimal(b);
            same(
                    "add " + what,
                    FloatArithmetic.add(a, b, mode),
                    expected(x.add(y), zeroSum(a, b, mode), mode));
            same(
                    "sub " + what,
                    FloatArithmetic.sub(a, b, mode),
                    expected(x.subtract(y), zeroSum(a, -b, mode), mode));
            same(
                    "mul " + what,
                    FloatArithmetic.mul(a, b, mode),
                    expected(x.multiply(y), (double) a * b, mode));
            BigDecimal fused = x.multiply(y).add(new BigDecimal(c));
            same(
                    "fma " + what,
                    FloatArithmetic.fma(a, b, c, mode),
                    expected(fused, zeroSum((double) a * b, c, mode), mode));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Rounding.ZERO, Rounding.DOWN, Rounding.UP})
    void floatQuotientsAndRootsRoundTheExactResultOnce(int mode) {
        for (int count = 0; count < 2_000; count++) {
            float a = anyFloat();
            float b = anyFloat();
            if (a == 0 || b == 0) {
                continue;
            }
            String what = a + " " + b + " mode " + mode;
            same(
                    "div " + what,
                    FloatArithmetic.div(a, b, mode),
                    Exact.round(Exact.quotient(a, b), Exact.F32, mode));
            same(
                    "rcp " + what,
                    FloatArithmetic.rcp(b, mode),
                    Exact.round(Exact.quotient(1, b), Exact.F32, mode));
            float positive = Math.abs(a);
            same(
                    "sqrt " + what,
                    FloatArithmetic.sqrt(positive, mode),
                    Exact.round(Exact.root(positive), Exact.F32, mode));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Rounding.ZERO, Rounding.DOWN, Rounding.UP})
    void doubleOperationsRoundTheExactResultOnce(int mode) {
        for (int count = 0; count < 2_000; count++) {
            double a = anyDouble();
            double b = anyDouble();
            double c = anyDouble();
            String what = a + " " + b + " " + c + " mode " + mode;
            BigDecimal x = new BigDecimal(a);
            BigDecimal y = new BigDecimal(b);
            sameDouble("add " + what, DoubleArithmetic.add(a, b, mode), x.add(y), mode);
            sameDouble("sub " + what, DoubleArithmetic.sub(a, b, mode), x.subtract(y), mode);
            sameDouble("mul " + what, DoubleArithmetic.mul(a, b, mode), x.multiply(y), mode);
            sameDouble(
                    "fma " + what,
                    DoubleArithmetic.fma(a, b, c, mode),
                    x.multiply(y).add(new BigDecimal(c)),
                    mode);
            if (a != 0 && b != 0 && count % 4 == 0) {
                sameDouble(
                        "div " + what,
                        DoubleArithmetic.div(a, b, mode),
                        Exact.quotient(a, b),
                        mode);
                sameDouble(
                        "sqrt " + what,
                        DoubleArithmetic.sqrt(Math.abs(a), mode),
                        Exact.root(Math.abs(a)),
                        mode);
            }
        }
    }

    private static void sameDouble(String what, double actual, BigDecimal exact, int mode) {
        if (exact.signum() == 0) {
            assertThat(actual).as(what).isZero();
        } else {
            same(what, actual, Exact.roundToDouble(exact, mode));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Rounding.ZERO, Rounding.DOWN, Rounding.UP, Rounding.NEAREST})
    void doublesNarrowToEveryFormatAsTheExactValueDoes(int mode) {
        for (int count = 0; count < 20_000; count++) {
            double value = count % 2 == 0 ? anyDouble() : (random.nextDouble() - 0.5) * 140_000;
            if (value == 0) {
                continue;
            }
            BigDecimal exact = new BigDecimal(value);
            String what = value + " mode " + mode;
            same(
                    "f32 " + what,
                    FloatArithmetic.fromDouble(value, mode),
                    Exact.round(exact, Exact.F32, mode));
            same(
                    "f16 " + what,
                    Half.toFloat(Half.fromDouble(value, mode)),
                    Exact.round(exact, Exact.F16, mode));
            same(
                    "bf16 " + what,
                    Half.brainToFloat(Half.brainFromDouble(value, mode)),
                    Exact.round(exact, Exact.BF16, mode));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void halfOperationsRoundTheExactResultOnce(boolean brain) {
        Exact.Format format = brain ? Exact.BF16 : Exact.F16;
        for (int count = 0; count < 20_000; count++) {
            int a = random.nextInt(0x10000);
            int b = random.nextInt(0x10000);
            int c = random.nextInt(0x10000);
            double x = Half.value(a, brain);
            double y = Half.value(b, brain);
            double z = Half.value(c, brain);
            if (!Double.isFinite(x) || !Double.isFinite(y) || !Double.isFinite(z)) {
                continue;
            }
            String what = x + " " + y + " " + z;
            BigDecimal bx = new BigDecimal(x);
            BigDecimal by = new BigDecimal(y);
            BigDecimal fused = bx.multiply(by).add(new BigDecimal(z));
            half("add " + what, Half.add(a, b, brain), bx.add(by), format, brain);
            half("sub " + what, Half.sub(a, b, brain), bx.subtract(by), format, brain);
            half("mul " + what, Half.mul(a, b, brain), bx.multiply(by), format, brain);
            half("fma " + what, Half.fma(a, b, c, brain), fused, format, brain);
        }
    }

    private static void half(
            String what, int actual, BigDecimal exact, Exact.Format format, boolean brain) {
        float value = Half.value(actual, brain);
        if (exact.signum() == 0) {
            assertThat(value).as(what).isZero();
        } else {
            same(what, value, Exact.round(exact, format, Rounding.NEAREST));
        }
    }
}
