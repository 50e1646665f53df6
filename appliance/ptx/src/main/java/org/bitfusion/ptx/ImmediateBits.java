package org.bitfusion.ptx;

/// Constants as bits of a wanted type.
final class ImmediateBits {
    private ImmediateBits() {}

    static long of(Operand.Immediate immediate, PtxType type) {
        return switch (type) {
            case F64 -> asDouble(immediate);
            case F32, TF32 -> asFloat(immediate);
            case F16 ->
                    immediate.kind() == Operand.Immediate.Kind.INTEGER
                            ? immediate.bits() & 0xFFFF
                            : Float.floatToFloat16((float) value(immediate)) & 0xFFFFL;
            default -> truncate(immediate.bits(), type.bits());
        };
    }

    private static double value(Operand.Immediate immediate) {
        return switch (immediate.kind()) {
            case INTEGER -> immediate.bits();
            case FLOAT32 -> Float.intBitsToFloat((int) immediate.bits());
            case FLOAT64 -> Double.longBitsToDouble(immediate.bits());
        };
    }

    private static long asDouble(Operand.Immediate immediate) {
        return immediate.kind() == Operand.Immediate.Kind.FLOAT64
                ? immediate.bits()
                : Double.doubleToRawLongBits(value(immediate));
    }

    private static long asFloat(Operand.Immediate immediate) {
        return immediate.kind() == Operand.Immediate.Kind.FLOAT32
                ? immediate.bits() & 0xFFFF_FFFFL
                : Float.floatToRawIntBits((float) value(immediate)) & 0xFFFF_FFFFL;
    }

    private static long truncate(long bits, int width) {
        return width >= 64 ? bits : bits & ((1L << width) - 1);
    }
}
