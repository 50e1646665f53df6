package org.bitfusion.ptx;

/// A virtual register that the body uses. Only used registers exist, numbered in order of first
/// use.
///
/// @param number dense over all registers of the body
/// @param index dense over the registers of the body with the same [#file()]
public record Register(String name, PtxType type, int number, int index) implements Operand {

    /// Registers grouped by what holds them: width and whether the bits are a float.
    public enum File {
        PREDICATE,
        BITS16,
        BITS32,
        BITS64,
        FLOAT32,
        FLOAT64,
        BITS128
    }

    public File file() {
        return fileOf(type);
    }

    static File fileOf(PtxType type) {
        return switch (type) {
            case PRED -> File.PREDICATE;
            case F32 -> File.FLOAT32;
            case F64 -> File.FLOAT64;
            default ->
                    switch (type.bits()) {
                        case 8, 16 -> File.BITS16;
                        case 32 -> File.BITS32;
                        case 64 -> File.BITS64;
                        default -> File.BITS128;
                    };
        };
    }
}
