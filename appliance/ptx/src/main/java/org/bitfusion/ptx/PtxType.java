package org.bitfusion.ptx;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The fundamental and packed types of PTX (PTX ISA, "Types") that this module can name. The
/// constant's lower-case name is the spelling after the dot.
public enum PtxType {
    B8(Kind.BITS, 8),
    B16(Kind.BITS, 16),
    B32(Kind.BITS, 32),
    B64(Kind.BITS, 64),
    B128(Kind.BITS, 128),
    U8(Kind.UNSIGNED, 8),
    U16(Kind.UNSIGNED, 16),
    U32(Kind.UNSIGNED, 32),
    U64(Kind.UNSIGNED, 64),
    S8(Kind.SIGNED, 8),
    S16(Kind.SIGNED, 16),
    S32(Kind.SIGNED, 32),
    S64(Kind.SIGNED, 64),
    F16(Kind.FLOAT, 16),
    BF16(Kind.FLOAT, 16),
    TF32(Kind.FLOAT, 32),
    F32(Kind.FLOAT, 32),
    F64(Kind.FLOAT, 64),
    /// Two halves in one 32-bit register, the first in the low bits.
    F16X2(Kind.PACKED_FLOAT, 32),
    BF16X2(Kind.PACKED_FLOAT, 32),
    U16X2(Kind.PACKED_INTEGER, 32),
    S16X2(Kind.PACKED_INTEGER, 32),
    PRED(Kind.PREDICATE, 1),
    /// Handles of textures, samplers and surfaces; only their declarations are understood.
    TEXREF(Kind.OPAQUE, 64),
    SAMPLERREF(Kind.OPAQUE, 64),
    SURFREF(Kind.OPAQUE, 64);

    /// How the bits of a type are read.
    public enum Kind {
        BITS,
        UNSIGNED,
        SIGNED,
        FLOAT,
        PACKED_FLOAT,
        PACKED_INTEGER,
        PREDICATE,
        OPAQUE
    }

    private static final Map<String, PtxType> BY_TEXT = new HashMap<>();

    static {
        for (PtxType type : values()) {
            BY_TEXT.put(type.text(), type);
        }
    }

    private final Kind kind;
    private final int bits;

    PtxType(Kind kind, int bits) {
        this.kind = kind;
        this.bits = bits;
    }

    /// The type spelled `text` (without the dot), or null when there is none.
    static @Nullable PtxType find(String text) {
        return BY_TEXT.get(text);
    }

    public Kind kind() {
        return kind;
    }

    /// Width in bits; 1 for a predicate.
    public int bits() {
        return bits;
    }

    /// Bytes in memory; 1 for a predicate.
    public int bytes() {
        return Math.max(1, bits / 8);
    }

    /// True for one floating-point value (not for packed pairs).
    public boolean isFloat() {
        return kind == Kind.FLOAT;
    }

    public boolean isSigned() {
        return kind == Kind.SIGNED;
    }

    /// True for .u and .s types; untyped bits are no integers to arithmetic but behave as unsigned
    /// ones.
    public boolean isInteger() {
        return kind == Kind.SIGNED || kind == Kind.UNSIGNED;
    }

    /// The spelling without the dot.
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
