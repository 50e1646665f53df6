package org.bitfusion.gpu.soft.compiler.emission;

import java.util.List;
import java.util.Locale;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;
import org.bitfusion.ptx.Register;

/// `ld`, `st`.
final class MemoryEmitter {
    private MemoryEmitter() {}

    static void load(Code code, AccessPlan plan, Instruction instruction) {
        Operation operation = instruction.operation();
        if (operation.vectorWidth() == 1) {
            Addresses.push(code, plan, instruction);
            Operand destination = instruction.operand(0);
            PtxType type = held(code, operation.type(), destination);
            loadOne(code, operation, type);
            code.store(destination, type);
            return;
        }
        List<Operand> elements = elements(instruction.operand(0));
        int address = code.locals().allocate(ValueKind.LONG);
        Addresses.push(code, plan, instruction);
        code.builder().lstore(address);
        for (int index = 0; index < elements.size(); index++) {
            if (elements.get(index) instanceof Operand.Sink) {
                continue;
            }
            pushElement(code, address, index * operation.type().bytes());
            PtxType type = held(code, operation.type(), elements.get(index));
            loadOne(code, operation, type);
            code.store(elements.get(index), type);
        }
    }

    static void store(Code code, AccessPlan plan, Instruction instruction) {
        Operation operation = instruction.operation();
        if (operation.vectorWidth() == 1) {
            Addresses.push(code, plan, instruction);
            storeOne(code, operation, instruction.operand(1));
            return;
        }
        List<Operand> elements = elements(instruction.operand(1));
        int address = code.locals().allocate(ValueKind.LONG);
        Addresses.push(code, plan, instruction);
        code.builder().lstore(address);
        for (int index = 0; index < elements.size(); index++) {
            pushElement(code, address, index * operation.type().bytes());
            storeOne(code, operation, elements.get(index));
        }
    }

    static List<Operand> elements(Operand operand) {
        return operand instanceof Operand.Vector vector ? vector.elements() : List.of(operand);
    }

    private static void pushElement(Code code, int address, int distance) {
        code.builder().lload(address);
        if (distance != 0) {
            code.builder().loadConstant((long) distance).ladd();
        }
    }

    /// An untyped or integer access of a register that is held as a float of the same width goes as
    /// a float: the bits are the same.
    private static PtxType held(Code code, PtxType type, Operand operand) {
        if (operand instanceof Register register) {
            ValueKind kind = code.kernel().kinds().get(register.number());
            if (type.bits() == 32 && kind == ValueKind.FLOAT) {
                return PtxType.F32;
            }
            if (type.bits() == 64 && kind == ValueKind.DOUBLE) {
                return PtxType.F64;
            }
            if (type == PtxType.F32 && kind == ValueKind.INT) {
                return PtxType.B32;
            }
            if (type == PtxType.F64 && kind == ValueKind.LONG) {
                return PtxType.B64;
            }
        }
        return type;
    }

    private static void loadOne(Code code, Operation operation, PtxType type) {
        String strong = isStrong(operation) ? "Strong" : "";
        Class<?> result = valueClass(type);
        String suffix =
                switch (type) {
                    case S8, U8, S16, U16 -> type.text().toUpperCase(Locale.ROOT);
                    case B8 -> "U8";
                    case B16, F16, BF16 -> "U16";
                    default -> suffix(type);
                };
        code.callMemory("load" + strong + suffix, result, long.class);
    }

    private static void storeOne(Code code, Operation operation, Operand operand) {
        PtxType type = held(code, operation.type(), operand);
        code.push(operand, type);
        String strong = isStrong(operation) ? "Strong" : "";
        String suffix =
                switch (type.bits()) {
                    case 8 -> "8";
                    case 16 -> "16";
                    default -> suffix(type);
                };
        code.callMemory("store" + strong + suffix, void.class, long.class, valueClass(type));
    }

    private static String suffix(PtxType type) {
        return switch (ValueKind.of(type)) {
            case INT -> "Int";
            case LONG -> "Long";
            case FLOAT -> "Float";
            case DOUBLE -> "Double";
        };
    }

    static Class<?> valueClass(PtxType type) {
        return valueClass(ValueKind.of(type));
    }

    static Class<?> valueClass(ValueKind kind) {
        return switch (kind) {
            case INT -> int.class;
            case LONG -> long.class;
            case FLOAT -> float.class;
            case DOUBLE -> double.class;
        };
    }

    private static boolean isStrong(Operation operation) {
        if (operation.semantics() == Modifier.Semantics.WEAK) {
            return false;
        }
        if (operation.type().bits() > 64) {
            throw new Declined(operation.form());
        }
        return true;
    }
}
