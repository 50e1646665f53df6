package org.bitfusion.gpu.soft.arithmetic;

/// `cvt` between integers and floats (PTX ISA, "cvt"). Integers travel as longs: sign-extended when
/// signed, zero-extended when not. Modes are those of [Rounding].
public final class Conversion {
    private static final double TWO_63 = 0x1p63;
    private static final double TWO_64 = 0x1p64;

    private Conversion() {}

    /// A float or double (as double) to a signed integer of `bits`: rounded, then clamped.
    ///
    /// @param wide the source is .f64 or the destination has 64 bits: NaN then gives the most
    ///   negative number, else 0
    public static long toSigned(double value, int mode, int bits, boolean wide) {
        long minimum = Long.MIN_VALUE >> (64 - bits);
        if (Double.isNaN(value)) {
            return wide ? minimum : 0;
        }
        double rounded = Rounding.toInteger(value, mode);
        long clamped = (long) rounded;
        return Math.max(minimum, Math.min(~minimum, clamped));
    }

    /// A float or double (as double) to an unsigned integer of `bits`, zero-extended.
    ///
    /// @param wide as for [#toSigned]: NaN then gives only the highest bit
    public static long toUnsigned(double value, int mode, int bits, boolean wide) {
        if (Double.isNaN(value)) {
            return wide ? 1L << (bits - 1) : 0;
        }
        double rounded = Rounding.toInteger(value, mode);
        if (rounded <= 0) {
            return 0;
        }
        if (bits == 64) {
            if (rounded >= TWO_64) {
                return -1;
            }
            return rounded < TWO_63 ? (long) rounded : (long) (rounded - TWO_63) + Long.MIN_VALUE;
        }
        long maximum = (1L << bits) - 1;
        return Math.min(maximum, (long) rounded);
    }

    public static float signedToFloat(long value, int mode) {
        if (mode == Rounding.NEAREST) {
            return value;
        }
        return (float) magnitude(Math.abs(value), value < 0, 24, mode);
    }

    public static float unsignedToFloat(long value, int mode) {
        if (mode == Rounding.NEAREST && value >= 0) {
            return value;
        }
        return (float) magnitude(value, false, 24, mode);
    }

    public static double signedToDouble(long value, int mode) {
        if (mode == Rounding.NEAREST) {
            return value;
        }
        return magnitude(Math.abs(value), value < 0, 53, mode);
    }

    public static double unsignedToDouble(long value, int mode) {
        if (mode == Rounding.NEAREST && value >= 0) {
            return value;
        }
        return magnitude(value, false, 53, mode);
    }

    /// An integer as a double that rounds to any format of at most 24 bits as the integer itself
    /// would.
    public static double signedToOdd(long value) {
        return odd(Math.abs(value), value < 0);
    }

    public static double unsignedToOdd(long value) {
        return odd(value, false);
    }

    private static double odd(long unsigned, boolean negative) {
        if (unsigned >= 0 && unsigned < 1L << 53) {
            return negative ? -(double) unsigned : unsigned;
        }
        long kept = (unsigned >>> 12) | ((unsigned & 0xFFF) != 0 ? 1 : 0);
        double value = (double) kept * 4096;
        return negative ? -value : value;
    }

    /// An unsigned 64-bit magnitude rounded to `precision` bits; exact as a double because
    /// precision <= 53.
    private static double magnitude(long unsigned, boolean negative, int precision, int mode) {
        int excess = 64 - Long.numberOfLeadingZeros(unsigned) - precision;
        double value;
        if (excess <= 0) {
            value = unsigned;
        } else {
            long kept = unsigned >>> excess;
            long rest = unsigned & ((1L << excess) - 1);
            kept += roundsUp(kept, rest, 1L << (excess - 1), negative, mode) ? 1 : 0;
            value = Math.scalb((double) kept, excess);
        }
        return negative ? -value : value;
    }

    private static boolean roundsUp(long kept, long rest, long half, boolean negative, int mode) {
        return switch (mode) {
            case Rounding.NEAREST -> rest > half || (rest == half && (kept & 1) != 0);
            case Rounding.NEAREST_AWAY -> rest >= half;
            case Rounding.DOWN -> negative && rest != 0;
            case Rounding.UP -> !negative && rest != 0;
            default -> false;
        };
    }

    /// `cvt.sat` between integers: clamps a 64-bit signed value to `bits`.
    public static long clampSigned(long value, boolean sourceUnsigned, int bits) {
        long maximum = bits == 64 ? Long.MAX_VALUE : (1L << (bits - 1)) - 1;
        if (sourceUnsigned) {
            return Long.compareUnsigned(value, maximum) > 0 ? maximum : value;
        }
        return Math.max(~maximum, Math.min(maximum, value));
    }

    /// As [#clampSigned] to an unsigned destination.
    public static long clampUnsigned(long value, boolean sourceUnsigned, int bits) {
        long maximum = bits == 64 ? -1 : (1L << bits) - 1;
        if (!sourceUnsigned && value < 0) {
            return 0;
        }
        return Long.compareUnsigned(value, maximum) > 0 ? maximum : value;
    }

    /// `cvt.rna.tf32.f32`, or another mode: 10 fraction bits, the rest zero.
    public static int toTf32(float value, int mode) {
        double rounded = Rounding.toFormat(value, 11, Float.MIN_EXPONENT, 0x1.ffcp127, mode);
        return Float.floatToRawIntBits((float) rounded);
    }

    /// `cvt.pack`: two integers saturated to `width` bits, `a` above `b`; below 16 bits `c` stands
    /// above both (PTX ISA, "cvt.pack").
    public static int pack(long a, long b, int c, int width, boolean signed) {
        int mask = (1 << width) - 1;
        int low = clamped(b, width, signed) & mask;
        int both = low | (clamped(a, width, signed) & mask) << width;
        return width == 16 ? both : both | c << (2 * width);
    }

    private static int clamped(long value, int width, boolean signed) {
        long maximum = (1L << (signed ? width - 1 : width)) - 1;
        long minimum = signed ? -maximum - 1 : 0;
        return (int) Math.clamp(value, minimum, maximum);
    }
}
