package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.CodeBuilder;
import org.bitfusion.gpu.soft.arithmetic.Integers;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// Integer arithmetic over operation × type × modifiers.
final class IntegerEmitter {
    private IntegerEmitter() {}

    static void arithmetic(Code code, Instruction instruction) {
        Operation operation = instruction.operation();
        PtxType type = operation.type();
        if (type.kind() == PtxType.Kind.PACKED_INTEGER) {
            throw new Declined(instruction.form());
        }
        Modifier.Part part = operation.modifier(Modifier.Part.class).orElse(Modifier.Part.LO);
        if (operation.has(Modifier.Flag.SAT)) {
            saturated(code, instruction, part);
            return;
        }
        boolean product = operation.opcode() == Opcode.MUL || operation.opcode() == Opcode.MAD;
        if (product && part == Modifier.Part.WIDE) {
            wide(code, instruction);
            return;
        }
        code.push(instruction.operand(1), type);
        if (operation.opcode() != Opcode.ABS && operation.opcode() != Opcode.NEG) {
            code.push(instruction.operand(2), type);
        }
        apply(code, operation, type, part);
        if (operation.opcode() == Opcode.MAD) {
            code.push(instruction.operand(3), type);
            addOrMultiply(code.builder(), type, false);
        }
        code.narrow(type);
        code.store(instruction.operand(0), type);
    }

    private static boolean isLong(PtxType type) {
        return ValueKind.of(type) == ValueKind.LONG;
    }

    private static void addOrMultiply(CodeBuilder builder, PtxType type, boolean multiply) {
        if (isLong(type)) {
            if (multiply) {
                builder.lmul();
            } else {
                builder.ladd();
            }
        } else if (multiply) {
            builder.imul();
        } else {
            builder.iadd();
        }
    }

    private static void apply(Code code, Operation operation, PtxType type, Modifier.Part part) {
        CodeBuilder builder = code.builder();
        boolean wide = isLong(type);
        Class<?> value = wide ? long.class : int.class;
        String sign = type.isSigned() ? "Signed" : "Unsigned";
        switch (operation.opcode()) {
            case ADD -> addOrMultiply(builder, type, false);
            case SUB -> {
                if (wide) {
                    builder.lsub();
                } else {
                    builder.isub();
                }
            }
            case MUL, MAD -> {
                if (part == Modifier.Part.HI) {
                    high(code, type);
                } else {
                    addOrMultiply(builder, type, true);
                }
            }
            case DIV -> code.call(Integers.class, "div" + sign, value, value, value);
            case REM -> code.call(Integers.class, "rem" + sign, value, value, value);
            case ABS -> code.call(Math.class, "abs", value, value);
            case NEG -> {
                if (wide) {
                    builder.lneg();
                } else {
                    builder.ineg();
                }
            }
            case MIN, MAX -> extreme(code, operation, type);
            default -> throw new Declined(operation.form());
        }
    }

    private static void high(Code code, PtxType type) {
        if (type.bits() == 16) {
            code.builder().imul().loadConstant(16).ishr();
            return;
        }
        Class<?> value = isLong(type) ? long.class : int.class;
        code.call(
                Integers.class,
                type.isSigned() ? "mulHighSigned" : "mulHighUnsigned",
                value,
                value,
                value);
    }

    private static void extreme(Code code, Operation operation, PtxType type) {
        String name = operation.opcode() == Opcode.MIN ? "min" : "max";
        Class<?> value = isLong(type) ? long.class : int.class;
        if (type.isSigned() || type.bits() < 32) {
            code.call(Math.class, name, value, value, value);
        } else {
            code.call(
                    org.bitfusion.gpu.soft.compiler.runtime.Compare.class,
                    name + "Unsigned",
                    value,
                    value,
                    value);
        }
        if (operation.has(Modifier.Flag.RELU)) {
            code.builder().iconst_0();
            code.call(Math.class, "max", int.class, int.class, int.class);
        }
    }

    private static void wide(Code code, Instruction instruction) {
        PtxType type = instruction.operation().type();
        CodeBuilder builder = code.builder();
        boolean small = type.bits() == 16;
        PtxType result =
                small
                        ? (type.isSigned() ? PtxType.S32 : PtxType.U32)
                        : (type.isSigned() ? PtxType.S64 : PtxType.U64);
        code.push(instruction.operand(1), type);
        if (!small) {
            code.widen(ValueKind.INT, ValueKind.LONG, type.isSigned());
        }
        code.push(instruction.operand(2), type);
        if (small) {
            builder.imul();
        } else {
            code.widen(ValueKind.INT, ValueKind.LONG, type.isSigned());
            builder.lmul();
        }
        if (instruction.opcode() == Opcode.MAD) {
            code.push(instruction.operand(3), result);
            addOrMultiply(builder, result, false);
        }
        code.store(instruction.operand(0), result);
    }

    private static void saturated(Code code, Instruction instruction, Modifier.Part part) {
        String name =
                switch (instruction.opcode()) {
                    case ADD -> "addSaturated";
                    case SUB -> "subSaturated";
                    case MAD -> {
                        if (part != Modifier.Part.HI) {
                            throw new Declined(instruction.form());
                        }
                        yield "madHighSaturated";
                    }
                    default -> throw new Declined(instruction.form());
                };
        Class<?>[] parameters = new Class<?>[instruction.operandCount() - 1];
        for (int index = 0; index < parameters.length; index++) {
            code.push(instruction.operand(index + 1), PtxType.S32);
            parameters[index] = int.class;
        }
        code.call(Integers.class, name, int.class, parameters);
        code.store(instruction.operand(0), PtxType.S32);
    }

    /// mul24, mad24, sad, dp4a, dp2a.
    static void special(Code code, Instruction instruction) {
        PtxType type = instruction.operation().type();
        switch (instruction.opcode()) {
            case MUL24, MAD24 -> shortProduct(code, instruction);
            case SAD -> {
                Class<?> value = isLong(type) ? long.class : int.class;
                for (int index = 1; index <= 3; index++) {
                    code.push(instruction.operand(index), type);
                }
                code.builder().loadConstant(type.isSigned() ? 1 : 0);
                code.call(Integers.class, "sad", value, value, value, value, boolean.class);
                code.narrow(type);
                code.store(instruction.operand(0), type);
            }
            default -> dotProduct(code, instruction);
        }
    }

    private static void shortProduct(Code code, Instruction instruction) {
        PtxType type = instruction.operation().type();
        if (instruction.operation().has(Modifier.Flag.SAT)) {
            throw new Declined(instruction.form());
        }
        code.push(instruction.operand(1), type);
        code.push(instruction.operand(2), type);
        code.builder().loadConstant(type.isSigned() ? 1 : 0);
        code.call(Integers.class, "mul24", long.class, int.class, int.class, boolean.class);
        if (instruction.operation().has(Modifier.Part.HI)) {
            code.builder().loadConstant(16).lshr();
        }
        code.builder().l2i();
        if (instruction.opcode() == Opcode.MAD24) {
            code.push(instruction.operand(3), type);
            code.builder().iadd();
        }
        code.store(instruction.operand(0), type);
    }

    private static void dotProduct(Code code, Instruction instruction) {
        Operation operation = instruction.operation();
        boolean four = instruction.opcode() == Opcode.DP4A;
        code.push(instruction.operand(1), PtxType.B32);
        code.builder().loadConstant(operation.type(0).isSigned() ? 1 : 0);
        code.push(instruction.operand(2), PtxType.B32);
        code.builder().loadConstant(operation.type(1).isSigned() ? 1 : 0);
        code.push(instruction.operand(3), PtxType.B32);
        if (four) {
            code.call(
                    Integers.class,
                    "dp4a",
                    int.class,
                    int.class,
                    boolean.class,
                    int.class,
                    boolean.class,
                    int.class);
        } else {
            code.builder().loadConstant(operation.has(Modifier.Part.HI) ? 1 : 0);
            code.call(
                    Integers.class,
                    "dp2a",
                    int.class,
                    int.class,
                    boolean.class,
                    int.class,
                    boolean.class,
                    int.class,
                    boolean.class);
        }
        code.store(instruction.operand(0), PtxType.B32);
    }
}
