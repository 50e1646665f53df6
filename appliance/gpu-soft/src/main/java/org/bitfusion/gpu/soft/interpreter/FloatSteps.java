package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.arithmetic.Approximation;
import org.bitfusion.gpu.soft.arithmetic.FloatArithmetic;
import org.bitfusion.gpu.soft.arithmetic.Rounding;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// Single-precision arithmetic.
final class FloatSteps {
    private FloatSteps() {}

    @FunctionalInterface
    interface Unary {
        float apply(float a);
    }

    @FunctionalInterface
    interface Binary {
        float apply(float a, float b);
    }

    @FunctionalInterface
    interface Ternary {
        float apply(float a, float b, float c);
    }

    static Step decode(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        int mode = mode(operation);
        return switch (instruction.opcode()) {
            case ADD -> binary(code, instruction, (a, b) -> FloatArithmetic.add(a, b, mode));
            case SUB -> binary(code, instruction, (a, b) -> FloatArithmetic.sub(a, b, mode));
            case MUL -> binary(code, instruction, (a, b) -> FloatArithmetic.mul(a, b, mode));
            case DIV -> binary(code, instruction, division(operation, mode));
            case MIN, MAX -> extremum(code, instruction);
            case FMA, MAD ->
                    ternary(code, instruction, (a, b, c) -> FloatArithmetic.fma(a, b, c, mode));
            case ABS -> sign(code, instruction, true);
            case NEG -> sign(code, instruction, false);
            default -> throw code.unsupported();
        };
    }

    static int mode(Operation operation) {
        return operation
                .modifier(Modifier.Rounding.class)
                .map(Rounding::of)
                .orElse(Rounding.NEAREST);
    }

    private static Binary division(Operation operation, int mode) {
        if (operation.has(Modifier.Flag.APPROX)) {
            return Approximation::div;
        }
        return (a, b) -> FloatArithmetic.div(a, b, mode);
    }

    /// Applies `.ftz` and `.sat` to a result and packs it.
    static long finish(float value, boolean flush, boolean saturate) {
        float result = flush ? FloatArithmetic.flush(value) : value;
        return Values.ofFloat(saturate ? FloatArithmetic.saturate(result) : result);
    }

    static float read(long bits, boolean flush) {
        float value = Values.toFloat(bits);
        return flush ? FloatArithmetic.flush(value) : value;
    }

    static Step unary(CodeBuilder code, Instruction instruction, Unary operation) {
        boolean flush = instruction.operation().has(Modifier.Flag.FTZ);
        boolean saturate = instruction.operation().has(Modifier.Flag.SAT);
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.F32);
        return t ->
                t.registers[d] =
                        finish(operation.apply(read(t.registers[a], flush)), flush, saturate);
    }

    static Step binary(CodeBuilder code, Instruction instruction, Binary operation) {
        boolean flush = instruction.operation().has(Modifier.Flag.FTZ);
        boolean saturate = instruction.operation().has(Modifier.Flag.SAT);
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.F32);
        int b = code.source(instruction, 2, PtxType.F32);
        return t -> {
            long[] r = t.registers;
            r[d] = finish(operation.apply(read(r[a], flush), read(r[b], flush)), flush, saturate);
        };
    }

    private static Step ternary(CodeBuilder code, Instruction instruction, Ternary operation) {
        boolean flush = instruction.operation().has(Modifier.Flag.FTZ);
        boolean saturate = instruction.operation().has(Modifier.Flag.SAT);
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.F32);
        int b = code.source(instruction, 2, PtxType.F32);
        int c = code.source(instruction, 3, PtxType.F32);
        return t -> {
            long[] r = t.registers;
            float value = operation.apply(read(r[a], flush), read(r[b], flush), read(r[c], flush));
            r[d] = finish(value, flush, saturate);
        };
    }

    /// min and max, with two or three operands.
    private static Step extremum(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        boolean nanWins = operation.has(Modifier.Flag.NAN_RESULT);
        boolean magnitudes = operation.has(Modifier.Flag.ABS);
        boolean signs = operation.has(Modifier.Flag.XORSIGN);
        boolean minimum = instruction.opcode() == org.bitfusion.ptx.Opcode.MIN;
        Binary choose =
                (a, b) -> {
                    float x = magnitudes ? Math.abs(a) : a;
                    float y = magnitudes ? Math.abs(b) : b;
                    float chosen;
                    if (nanWins) {
                        chosen =
                                minimum
                                        ? FloatArithmetic.minNan(x, y)
                                        : FloatArithmetic.maxNan(x, y);
                    } else {
                        chosen = minimum ? FloatArithmetic.min(x, y) : FloatArithmetic.max(x, y);
                    }
                    return signs ? FloatArithmetic.copysign(signProduct(a, b), chosen) : chosen;
                };
        if (instruction.operandCount() == 3) {
            return binary(code, instruction, choose);
        }
        return ternary(code, instruction, (a, b, c) -> choose.apply(choose.apply(a, b), c));
    }

    private static float signProduct(float a, float b) {
        return Float.intBitsToFloat(Float.floatToRawIntBits(a) ^ Float.floatToRawIntBits(b));
    }

    private static Step sign(CodeBuilder code, Instruction instruction, boolean clears) {
        boolean flush = instruction.operation().has(Modifier.Flag.FTZ);
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.F32);
        return t -> {
            int bits = (int) t.registers[a];
            if (flush && (bits & 0x7F80_0000) == 0) {
                bits &= 0x8000_0000;
            }
            t.registers[d] = clears ? bits & 0x7FFF_FFFF : bits ^ 0x8000_0000;
        };
    }
}
