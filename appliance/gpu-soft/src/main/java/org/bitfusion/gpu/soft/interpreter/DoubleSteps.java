package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.arithmetic.DoubleArithmetic;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.PtxType;

/// Double-precision arithmetic.
final class DoubleSteps {
    private DoubleSteps() {}

    @FunctionalInterface
    interface Unary {
        double apply(double a);
    }

    @FunctionalInterface
    interface Binary {
        double apply(double a, double b);
    }

    static Step decode(CodeBuilder code, Instruction instruction) {
        int mode = FloatSteps.mode(instruction.operation());
        return switch (instruction.opcode()) {
            case ADD -> binary(code, instruction, (a, b) -> DoubleArithmetic.add(a, b, mode));
            case SUB -> binary(code, instruction, (a, b) -> DoubleArithmetic.sub(a, b, mode));
            case MUL -> binary(code, instruction, (a, b) -> DoubleArithmetic.mul(a, b, mode));
            case DIV -> binary(code, instruction, (a, b) -> DoubleArithmetic.div(a, b, mode));
            case MIN -> binary(code, instruction, DoubleArithmetic::min);
            case MAX -> binary(code, instruction, DoubleArithmetic::max);
            case FMA, MAD -> fused(code, instruction, mode);
            case ABS -> sign(code, instruction, true);
            case NEG -> sign(code, instruction, false);
            default -> throw code.unsupported();
        };
    }

    static Step unary(CodeBuilder code, Instruction instruction, Unary operation) {
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.F64);
        return t ->
                t.registers[d] = Values.ofDouble(operation.apply(Values.toDouble(t.registers[a])));
    }

    private static Step binary(CodeBuilder code, Instruction instruction, Binary operation) {
        boolean saturate = instruction.operation().has(Modifier.Flag.SAT);
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.F64);
        int b = code.source(instruction, 2, PtxType.F64);
        return t -> {
            long[] r = t.registers;
            double value = operation.apply(Values.toDouble(r[a]), Values.toDouble(r[b]));
            r[d] = Values.ofDouble(saturate ? DoubleArithmetic.saturate(value) : value);
        };
    }

    private static Step fused(CodeBuilder code, Instruction instruction, int mode) {
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.F64);
        int b = code.source(instruction, 2, PtxType.F64);
        int c = code.source(instruction, 3, PtxType.F64);
        return t -> {
            long[] r = t.registers;
            r[d] =
                    Values.ofDouble(
                            DoubleArithmetic.fma(
                                    Values.toDouble(r[a]),
                                    Values.toDouble(r[b]),
                                    Values.toDouble(r[c]),
                                    mode));
        };
    }

    private static Step sign(CodeBuilder code, Instruction instruction, boolean clears) {
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.F64);
        return clears
                ? t -> t.registers[d] = t.registers[a] & Long.MAX_VALUE
                : t -> t.registers[d] = t.registers[a] ^ Long.MIN_VALUE;
    }
}
