package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.ptx.PtxType;

/// Register bits as values.
final class Values {
    private static final int CANONICAL_NAN = 0x7FFF_FFFF;

    private Values() {}

    /// The low bits of `bits` as a value of an integer type: sign- or zero-extended.
    static long extend(long bits, PtxType type) {
        int unused = 64 - type.bits();
        return type.isSigned() ? (bits << unused) >> unused : (bits << unused) >>> unused;
    }

    static float toFloat(long bits) {
        return Float.intBitsToFloat((int) bits);
    }

    static long ofFloat(float value) {
        return Float.isNaN(value) ? CANONICAL_NAN : Float.floatToRawIntBits(value) & 0xFFFF_FFFFL;
    }

    static double toDouble(long bits) {
        return Double.longBitsToDouble(bits);
    }

    static long ofDouble(double value) {
        return Double.doubleToLongBits(value);
    }
}
