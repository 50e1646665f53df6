package org.bitfusion.gpu.soft.compiler.analysis;

import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.ptx.PtxType;
import org.bitfusion.ptx.Register;

/// How a value is held by the JVM. Predicates are ints 0 and 1; 8- and 16-bit registers are ints,
/// zero-extended.
public enum ValueKind {
    INT,
    LONG,
    FLOAT,
    DOUBLE;

    public static ValueKind of(Register register) {
        return switch (register.file()) {
            case PREDICATE, BITS16, BITS32 -> INT;
            case BITS64 -> LONG;
            case FLOAT32 -> FLOAT;
            case FLOAT64 -> DOUBLE;
            case BITS128 -> throw new Declined("128-bit register " + register.name());
        };
    }

    public static ValueKind of(PtxType type) {
        return switch (type) {
            case F32 -> FLOAT;
            case F64 -> DOUBLE;
            default -> {
                if (type.bits() > 64) {
                    throw new Declined("type " + type.text());
                }
                yield type.bits() == 64 ? LONG : INT;
            }
        };
    }

    /// Local variables and operand stack words that a value takes.
    public int words() {
        return this == LONG || this == DOUBLE ? 2 : 1;
    }
}
