package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.arithmetic.Bits;
import org.bitfusion.gpu.soft.arithmetic.Integers;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// Integer arithmetic of 16, 32 and 64 bits.
final class IntegerSteps {
    private IntegerSteps() {}

    /// An operation on values extended to 64 bits by their type; only the low bits of the result
    /// count.
    @FunctionalInterface
    interface Binary {
        long apply(long a, long b);
    }

    static Step decode(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        PtxType type = operation.type();
        return switch (instruction.opcode()) {
            case ADD -> addition(code, instruction, type, true);
            case SUB -> addition(code, instruction, type, false);
            case MUL -> multiplication(code, instruction, type);
            case MAD -> multiplyAdd(code, instruction, type);
            case MUL24, MAD24 -> multiply24(code, instruction, type);
            case DIV -> binary(code, instruction, type, division(type));
            case REM -> binary(code, instruction, type, remainder(type));
            case MIN -> binary(code, instruction, type, positive(operation, minimum(type)));
            case MAX -> binary(code, instruction, type, positive(operation, maximum(type)));
            case ABS -> unary(code, instruction, type, Math::abs);
            case NEG -> unary(code, instruction, type, a -> -a);
            case SAD -> sumOfDifferences(code, instruction, type);
            case POPC -> unary(code, instruction, type, Long::bitCount);
            case CLZ -> {
                int unused = 64 - type.bits();
                yield unary(
                        code,
                        instruction,
                        type,
                        a -> Math.min(type.bits(), Long.numberOfLeadingZeros(a << unused)));
            }
            case BFIND -> find(code, instruction, type);
            case DP4A, DP2A -> dotProduct(code, instruction);
            default -> throw code.unsupported();
        };
    }

    static Step binary(CodeBuilder code, Instruction instruction, PtxType type, Binary operation) {
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, type);
        return t -> {
            long[] r = t.registers;
            r[d] = operation.apply(Values.extend(r[a], type), Values.extend(r[b], type));
        };
    }

    private static Step unary(
            CodeBuilder code,
            Instruction instruction,
            PtxType type,
            java.util.function.LongUnaryOperator operation) {
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        return t -> t.registers[d] = operation.applyAsLong(Values.extend(t.registers[a], type));
    }

    private static Step addition(
            CodeBuilder code, Instruction instruction, PtxType type, boolean adds) {
        if (type.kind() == PtxType.Kind.PACKED_INTEGER) {
            throw code.unsupported();
        }
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, type);
        if (instruction.operation().has(Modifier.Flag.SAT)) {
            return adds
                    ? t ->
                            t.registers[d] =
                                    Integers.addSaturated(
                                            (int) t.registers[a], (int) t.registers[b])
                    : t ->
                            t.registers[d] =
                                    Integers.subSaturated(
                                            (int) t.registers[a], (int) t.registers[b]);
        }
        return adds
                ? t -> t.registers[d] = t.registers[a] + t.registers[b]
                : t -> t.registers[d] = t.registers[a] - t.registers[b];
    }

    static Modifier.Part part(Operation operation) {
        return operation.modifier(Modifier.Part.class).orElse(Modifier.Part.LO);
    }

    /// The low, high or whole product of two values of `type`.
    static Binary product(PtxType type, Modifier.Part part) {
        return switch (part) {
            case LO -> (a, b) -> a * b;
            case WIDE -> (a, b) -> a * b;
            case HI ->
                    switch (type.bits()) {
                        case 64 ->
                                type.isSigned()
                                        ? Integers::mulHighSigned
                                        : Integers::mulHighUnsigned;
                        case 32 ->
                                type.isSigned()
                                        ? (a, b) -> (a * b) >> 32
                                        : (a, b) -> (a * b) >>> 32;
                        default -> (a, b) -> (a * b) >> 16;
                    };
        };
    }

    private static Step multiplication(CodeBuilder code, Instruction instruction, PtxType type) {
        return binary(code, instruction, type, product(type, part(instruction.operation())));
    }

    private static PtxType addendType(PtxType type, Modifier.Part part) {
        if (part != Modifier.Part.WIDE) {
            return type;
        }
        return type.bits() == 16 ? PtxType.U32 : PtxType.U64;
    }

    private static Step multiplyAdd(CodeBuilder code, Instruction instruction, PtxType type) {
        Modifier.Part part = part(instruction.operation());
        Binary product = product(type, part);
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, type);
        int c = code.source(instruction, 3, addendType(type, part));
        if (instruction.operation().has(Modifier.Flag.SAT)) {
            return t ->
                    t.registers[d] =
                            Integers.madHighSaturated(
                                    (int) t.registers[a],
                                    (int) t.registers[b],
                                    (int) t.registers[c]);
        }
        return t -> {
            long[] r = t.registers;
            r[d] = product.apply(Values.extend(r[a], type), Values.extend(r[b], type)) + r[c];
        };
    }

    private static Step multiply24(CodeBuilder code, Instruction instruction, PtxType type) {
        boolean high = part(instruction.operation()) == Modifier.Part.HI;
        boolean adds = instruction.operandCount() == 4;
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, type);
        int c = adds ? code.source(instruction, 3, type) : code.constant(0);
        boolean saturate = instruction.operation().has(Modifier.Flag.SAT);
        return t -> {
            long[] r = t.registers;
            long product = Integers.mul24((int) r[a], (int) r[b], type.isSigned());
            long kept = high ? product >> 16 : product;
            r[d] = saturate ? Integers.addSaturated((int) kept, (int) r[c]) : kept + r[c];
        };
    }

    private static Binary division(PtxType type) {
        return type.isSigned() ? Integers::divSigned : Integers::divUnsigned;
    }

    private static Binary remainder(PtxType type) {
        return type.isSigned() ? Integers::remSigned : Integers::remUnsigned;
    }

    /// With `.relu`, negative results become 0.
    private static Binary positive(Operation operation, Binary choose) {
        return operation.has(Modifier.Flag.RELU)
                ? (a, b) -> Math.max(0, choose.apply(a, b))
                : choose;
    }

    static Binary minimum(PtxType type) {
        return type.isSigned() ? Math::min : (a, b) -> Long.compareUnsigned(a, b) < 0 ? a : b;
    }

    static Binary maximum(PtxType type) {
        return type.isSigned() ? Math::max : (a, b) -> Long.compareUnsigned(a, b) > 0 ? a : b;
    }

    private static Step sumOfDifferences(CodeBuilder code, Instruction instruction, PtxType type) {
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, type);
        int c = code.source(instruction, 3, type);
        return t -> {
            long[] r = t.registers;
            r[d] =
                    Integers.sad(
                            Values.extend(r[a], type),
                            Values.extend(r[b], type),
                            r[c],
                            type.isSigned());
        };
    }

    private static Step find(CodeBuilder code, Instruction instruction, PtxType type) {
        boolean shift = instruction.operation().has(Modifier.Flag.SHIFTAMT);
        boolean signed = type.isSigned();
        if (type.bits() == 64) {
            return unary(
                    code,
                    instruction,
                    type,
                    a -> shift ? Bits.bfindShift(a, signed) : Bits.bfind(a, signed));
        }
        return unary(
                code,
                instruction,
                type,
                a -> shift ? Bits.bfindShift((int) a, signed) : Bits.bfind((int) a, signed));
    }

    private static Step dotProduct(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        boolean aSigned = operation.type(0).isSigned();
        boolean bSigned = operation.type(1).isSigned();
        boolean four = instruction.opcode() == org.bitfusion.ptx.Opcode.DP4A;
        boolean high = part(operation) == Modifier.Part.HI;
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.U32);
        int b = code.source(instruction, 2, PtxType.U32);
        int c = code.source(instruction, 3, PtxType.U32);
        return t -> {
            int x = (int) t.registers[a];
            int y = (int) t.registers[b];
            int z = (int) t.registers[c];
            t.registers[d] =
                    four
                            ? Integers.dp4a(x, aSigned, y, bSigned, z)
                            : Integers.dp2a(x, aSigned, y, bSigned, z, high);
        };
    }
}
