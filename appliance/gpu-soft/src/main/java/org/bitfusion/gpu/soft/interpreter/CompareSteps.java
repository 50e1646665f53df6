package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.arithmetic.Half;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// Comparisons and selections.
final class CompareSteps {
    private CompareSteps() {}

    /// Compares the raw bits of two registers.
    @FunctionalInterface
    interface Test {
        boolean test(long a, long b);
    }

    static Step decode(CodeBuilder code, Instruction instruction) {
        return switch (instruction.opcode()) {
            case SETP -> setPredicate(code, instruction);
            case SET -> set(code, instruction);
            case SELP -> select(code, instruction);
            case SLCT -> selectBySign(code, instruction);
            default -> throw code.unsupported();
        };
    }

    private static Step setPredicate(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        PtxType type = operation.type();
        boolean pair = type.kind() == PtxType.Kind.PACKED_FLOAT;
        Test test = test(code, operation, pair ? element(type) : type);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, type);
        Operand first = instruction.operand(0);
        int d;
        int q;
        if (first instanceof Operand.Pair both) {
            d = code.destination(both.first());
            q = code.destination(both.second());
        } else {
            d = code.destination(first);
            q = code.temporary();
        }
        boolean combines = instruction.operandCount() == 4;
        int c = combines ? code.source(instruction, 3, PtxType.PRED) : code.constant(1);
        Combination combination = combines ? combination(code, operation) : (x, y) -> x;
        return t -> {
            long[] r = t.registers;
            long x = r[a];
            long y = r[b];
            boolean other = (r[c] & 1) != 0;
            boolean holds = test.test(x, y);
            boolean second = pair ? test.test(x >>> 16, y >>> 16) : !holds;
            r[d] = combination.apply(holds, other) ? 1 : 0;
            r[q] = combination.apply(second, other) ? 1 : 0;
        };
    }

    private static PtxType element(PtxType pair) {
        return pair == PtxType.F16X2 ? PtxType.F16 : PtxType.BF16;
    }

    @FunctionalInterface
    private interface Combination {
        boolean apply(boolean a, boolean b);
    }

    private static Combination combination(CodeBuilder code, Operation operation) {
        return switch (operation
                .modifier(Modifier.Combination.class)
                .orElseThrow(code::unsupported)) {
            case AND -> (a, b) -> a && b;
            case OR -> (a, b) -> a || b;
            case XOR -> (a, b) -> a ^ b;
        };
    }

    private static Step set(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        PtxType type = operation.type(1);
        PtxType result = operation.type(0);
        if (type == PtxType.F16X2 || type == PtxType.BF16X2) {
            return setPair(code, instruction, type, result);
        }
        Test test = test(code, operation, type);
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, type);
        boolean combines = instruction.operandCount() == 4;
        int c = combines ? code.source(instruction, 3, PtxType.PRED) : code.constant(1);
        Combination combination = combines ? combination(code, operation) : (x, y) -> x;
        long yes = truth(result);
        return t -> {
            long[] r = t.registers;
            boolean holds = combination.apply(test.test(r[a], r[b]), (r[c] & 1) != 0);
            r[d] = holds ? yes : 0;
        };
    }

    private static Step setPair(
            CodeBuilder code, Instruction instruction, PtxType type, PtxType result) {
        PtxType element = element(type);
        Test test = test(code, instruction.operation(), element);
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, type);
        boolean combines = instruction.operandCount() == 4;
        int c = combines ? code.source(instruction, 3, PtxType.PRED) : code.constant(1);
        Combination combination =
                combines ? combination(code, instruction.operation()) : (x, y) -> x;
        long yes = result.kind() == PtxType.Kind.PACKED_FLOAT ? truth(element) : 0xFFFF;
        return t -> {
            long[] r = t.registers;
            boolean other = (r[c] & 1) != 0;
            long low = combination.apply(test.test(r[a], r[b]), other) ? yes : 0;
            boolean upper = test.test(r[a] >>> 16, r[b] >>> 16);
            long high = combination.apply(upper, other) ? yes : 0;
            r[d] = low | high << 16;
        };
    }

    private static long truth(PtxType type) {
        return switch (type) {
            case F32 -> Float.floatToRawIntBits(1);
            case F16 -> 0x3C00;
            case BF16 -> 0x3F80;
            default -> -1;
        };
    }

    private static Step select(CodeBuilder code, Instruction instruction) {
        PtxType type = instruction.operation().type();
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, type);
        int p = code.source(instruction, 3, PtxType.PRED);
        return t -> {
            long[] r = t.registers;
            r[d] = (r[p] & 1) != 0 ? r[a] : r[b];
        };
    }

    private static Step selectBySign(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        PtxType type = operation.type(0);
        boolean isFloat = operation.type(1) == PtxType.F32;
        boolean flush = operation.has(Modifier.Flag.FTZ);
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, type);
        int c = code.source(instruction, 3, operation.type(1));
        return t -> {
            long[] r = t.registers;
            boolean first = isFloat ? FloatSteps.read(r[c], flush) >= 0 : (int) r[c] >= 0;
            r[d] = first ? r[a] : r[b];
        };
    }

    /// The comparison of an operation for operands of `type`.
    static Test test(CodeBuilder code, Operation operation, PtxType type) {
        Modifier.Comparison comparison =
                operation.modifier(Modifier.Comparison.class).orElseThrow(code::unsupported);
        boolean flush = operation.has(Modifier.Flag.FTZ);
        return switch (type) {
            case F32 ->
                    (a, b) ->
                            floats(
                                    comparison,
                                    FloatSteps.read(a, flush),
                                    FloatSteps.read(b, flush));
            case F64 -> (a, b) -> floats(comparison, Values.toDouble(a), Values.toDouble(b));
            case F16 -> (a, b) -> floats(comparison, half(a, flush), half(b, flush));
            case BF16 ->
                    (a, b) ->
                            floats(
                                    comparison,
                                    Half.brainToFloat((int) a),
                                    Half.brainToFloat((int) b));
            case F16X2, BF16X2, TF32, PRED, TEXREF, SAMPLERREF, SURFREF, B128, U16X2, S16X2 ->
                    throw code.unsupported();
            default -> integers(code, comparison, type);
        };
    }

    private static float half(long bits, boolean flush) {
        int value = (int) bits & 0xFFFF;
        return Half.toFloat(flush ? Half.flush(value) : value);
    }

    private static boolean floats(Modifier.Comparison comparison, double a, double b) {
        boolean unordered = Double.isNaN(a) || Double.isNaN(b);
        return switch (comparison) {
            case EQ -> a == b;
            case NE -> !unordered && a != b;
            case LT -> a < b;
            case LE -> a <= b;
            case GT -> a > b;
            case GE -> a >= b;
            case EQU -> unordered || a == b;
            case NEU -> unordered || a != b;
            case LTU -> unordered || a < b;
            case LEU -> unordered || a <= b;
            case GTU -> unordered || a > b;
            case GEU -> unordered || a >= b;
            case NUM -> !unordered;
            case NAN -> unordered;
            case LO, LS, HI, HS -> false;
        };
    }

    private static Test integers(CodeBuilder code, Modifier.Comparison comparison, PtxType type) {
        PtxType unsigned = unsigned(type);
        return switch (comparison) {
            case EQ -> (a, b) -> Values.extend(a, type) == Values.extend(b, type);
            case NE -> (a, b) -> Values.extend(a, type) != Values.extend(b, type);
            case LT -> (a, b) -> compare(a, b, type) < 0;
            case LE -> (a, b) -> compare(a, b, type) <= 0;
            case GT -> (a, b) -> compare(a, b, type) > 0;
            case GE -> (a, b) -> compare(a, b, type) >= 0;
            case LO -> (a, b) -> compare(a, b, unsigned) < 0;
            case LS -> (a, b) -> compare(a, b, unsigned) <= 0;
            case HI -> (a, b) -> compare(a, b, unsigned) > 0;
            case HS -> (a, b) -> compare(a, b, unsigned) >= 0;
            default -> throw code.unsupported();
        };
    }

    private static PtxType unsigned(PtxType type) {
        return switch (type.bits()) {
            case 16 -> PtxType.U16;
            case 32 -> PtxType.U32;
            default -> PtxType.U64;
        };
    }

    private static int compare(long a, long b, PtxType type) {
        long x = Values.extend(a, type);
        long y = Values.extend(b, type);
        return type.isSigned() ? Long.compare(x, y) : Long.compareUnsigned(x, y);
    }
}
