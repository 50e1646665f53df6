package org.bitfusion.gpu.soft.arithmetic;

import org.bitfusion.ptx.Modifier;

/// Rounding modes as numbers that generated code can push.
public final class Rounding {
    public static final int NEAREST = 0;
    public static final int ZERO = 1;
    public static final int DOWN = 2;
    public static final int UP = 3;

    /// Ties away from zero.
    public static final int NEAREST_AWAY = 4;

    private Rounding() {}

    /// The number of a modifier; modes that round to integers map to the same direction.
    public static int of(Modifier.Rounding modifier) {
        return switch (modifier) {
            case RN, RNI -> NEAREST;
            case RZ, RZI -> ZERO;
            case RM, RMI -> DOWN;
            case RP, RPI -> UP;
            case RNA -> NEAREST_AWAY;
        };
    }

    /// `value` rounded to an integer, the sign of zero kept.
    public static double toInteger(double value, int mode) {
        return switch (mode) {
            case NEAREST -> Math.rint(value);
            case ZERO -> value < 0 ? Math.ceil(value) : Math.floor(value);
            case DOWN -> Math.floor(value);
            case UP -> Math.ceil(value);
            default -> Math.copySign(Math.floor(Math.abs(value) + 0.5), value);
        };
    }

    /// A value between `below` and `above` known as nearest double and where the exact value lies
    /// from it (-1 exact value is smaller, 0 equal, 1 greater), in a directed mode.
    static double directed(double nearest, int exactFromNearest, int mode) {
        if (exactFromNearest == 0 || Double.isNaN(nearest)) {
            return nearest;
        }
        return switch (mode) {
            case DOWN -> exactFromNearest < 0 ? Math.nextDown(nearest) : nearest;
            case UP -> exactFromNearest > 0 ? Math.nextUp(nearest) : nearest;
            case ZERO -> towardsZero(nearest, exactFromNearest);
            default -> nearest;
        };
    }

    private static double towardsZero(double nearest, int exactFromNearest) {
        boolean negative = nearest < 0 || (nearest == 0 && 1 / nearest < 0);
        if (negative) {
            return exactFromNearest > 0 ? Math.nextUp(nearest) : nearest;
        }
        return exactFromNearest < 0 ? Math.nextDown(nearest) : nearest;
    }

    /// The exact value `sum + error` in 53 bits so that rounding it again to fewer bits rounds the
    /// exact value (round to odd).
    static double odd(double sum, double error) {
        if (error == 0 || Double.isNaN(error) || (Double.doubleToRawLongBits(sum) & 1) != 0) {
            return sum;
        }
        return error > 0 ? Math.nextUp(sum) : Math.nextDown(sum);
    }

    /// `value` rounded to `precision` significant bits with the smallest exponent
    /// `minimumExponent`, as IEEE 754 formats with `maximum` as the largest finite value do.
    static double toFormat(
            double value, int precision, int minimumExponent, double maximum, int mode) {
        if (value == 0 || !Double.isFinite(value)) {
            return value;
        }
        int scale = Math.max(Math.getExponent(value), minimumExponent) - (precision - 1);
        double rounded = toInteger(Math.scalb(value, -scale), mode);
        double result = Math.scalb(rounded, scale);
        if (Math.abs(result) <= maximum) {
            return result;
        }
        boolean stays = mode == ZERO || (mode == DOWN && value > 0) || (mode == UP && value < 0);
        return Math.copySign(stays ? maximum : Double.POSITIVE_INFINITY, value);
    }
}
