package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.arithmetic.Approximation;
import org.bitfusion.gpu.soft.arithmetic.DoubleArithmetic;
import org.bitfusion.gpu.soft.arithmetic.FloatArithmetic;
import org.bitfusion.gpu.soft.arithmetic.Half;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// Roots, reciprocals, transcendental functions, and tests of floats.
final class FunctionSteps {
    private FunctionSteps() {}

    static Step decode(CodeBuilder code, Instruction instruction) {
        PtxType type = instruction.operation().types().getLast();
        return switch (instruction.opcode()) {
            case TESTP -> property(code, instruction, type);
            case COPYSIGN -> copysign(code, instruction, type);
            default ->
                    switch (type) {
                        case F32 -> FloatSteps.unary(code, instruction, single(code, instruction));
                        case F64 -> DoubleSteps.unary(code, instruction, wide(code, instruction));
                        case F16, BF16, F16X2, BF16X2 -> half(code, instruction, type);
                        default -> throw code.unsupported();
                    };
        };
    }

    private static FloatSteps.Unary single(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        int mode = FloatSteps.mode(operation);
        return switch (instruction.opcode()) {
            case RCP -> a -> FloatArithmetic.rcp(a, mode);
            case SQRT -> a -> FloatArithmetic.sqrt(a, mode);
            case RSQRT -> Approximation::rsqrt;
            case SIN -> Approximation::sin;
            case COS -> Approximation::cos;
            case LG2 -> Approximation::lg2;
            case EX2 -> Approximation::ex2;
            case TANH -> Approximation::tanh;
            default -> throw code.unsupported();
        };
    }

    private static DoubleSteps.Unary wide(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        int mode = FloatSteps.mode(operation);
        boolean approximate = operation.has(Modifier.Flag.APPROX);
        boolean flush = operation.has(Modifier.Flag.FTZ);
        return switch (instruction.opcode()) {
            case RCP -> approximate ? Approximation::rcpHigh : a -> DoubleArithmetic.rcp(a, mode);
            case SQRT -> a -> DoubleArithmetic.sqrt(a, mode);
            case RSQRT -> flush ? Approximation::rsqrtHigh : Approximation::rsqrt;
            default -> throw code.unsupported();
        };
    }

    private static Step half(CodeBuilder code, Instruction instruction, PtxType type) {
        boolean brain = type == PtxType.BF16 || type == PtxType.BF16X2;
        FloatSteps.Unary plain = single(code, instruction);
        FloatSteps.Unary function =
                instruction.operation().has(Modifier.Flag.FTZ)
                        ? x -> FloatArithmetic.flush(plain.apply(FloatArithmetic.flush(x)))
                        : plain;
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        boolean pair = type.bits() == 32;
        return t -> {
            int bits = (int) t.registers[a];
            int low = Half.round(function.apply(Half.value(bits & 0xFFFF, brain)), brain);
            int high = pair ? Half.round(function.apply(Half.value(bits >>> 16, brain)), brain) : 0;
            t.registers[d] = low | high << 16;
        };
    }

    private static Step copysign(CodeBuilder code, Instruction instruction, PtxType type) {
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, type);
        long sign = 1L << (type.bits() - 1);
        return t -> {
            long[] r = t.registers;
            r[d] = (r[a] & sign) | (r[b] & (sign - 1));
        };
    }

    private static Step property(CodeBuilder code, Instruction instruction, PtxType type) {
        Modifier.Property property =
                instruction
                        .operation()
                        .modifier(Modifier.Property.class)
                        .orElseThrow(code::unsupported);
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        double smallest = type == PtxType.F64 ? Double.MIN_NORMAL : Float.MIN_NORMAL;
        return t -> {
            double value =
                    type == PtxType.F64
                            ? Values.toDouble(t.registers[a])
                            : Values.toFloat(t.registers[a]);
            t.registers[d] = holds(property, value, smallest) ? 1 : 0;
        };
    }

    private static boolean holds(Modifier.Property property, double value, double smallest) {
        double magnitude = Math.abs(value);
        return switch (property) {
            case FINITE -> Double.isFinite(value);
            case INFINITE -> Double.isInfinite(value);
            case NUMBER -> !Double.isNaN(value);
            case NOTANUMBER -> Double.isNaN(value);
            case NORMAL -> Double.isFinite(value) && (magnitude >= smallest || magnitude == 0);
            case SUBNORMAL -> magnitude > 0 && magnitude < smallest;
        };
    }
}
