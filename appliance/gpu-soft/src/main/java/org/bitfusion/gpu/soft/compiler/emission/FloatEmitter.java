package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.CodeBuilder;
import org.bitfusion.gpu.soft.arithmetic.Approximation;
import org.bitfusion.gpu.soft.arithmetic.DoubleArithmetic;
import org.bitfusion.gpu.soft.arithmetic.FloatArithmetic;
import org.bitfusion.gpu.soft.arithmetic.Half;
import org.bitfusion.gpu.soft.arithmetic.Packed;
import org.bitfusion.gpu.soft.arithmetic.Rounding;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.compiler.runtime.Compare;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// Floating-point arithmetic over operation × type × rounding, flushing and saturation.
final class FloatEmitter {
    private FloatEmitter() {}

    static void arithmetic(Code code, Instruction instruction) {
        PtxType type = instruction.operation().type();
        switch (type) {
            case F32, F64 -> wide(code, instruction, type);
            case F16, BF16 -> half(code, instruction, type);
            default -> packed(code, instruction, type);
        }
    }

    static int mode(Operation operation) {
        return operation
                .modifier(Modifier.Rounding.class)
                .map(Rounding::of)
                .orElse(Rounding.NEAREST);
    }

    static Class<?> arithmeticOf(PtxType type) {
        return type == PtxType.F32 ? FloatArithmetic.class : DoubleArithmetic.class;
    }

    /// Pushes a float operand, subnormals flushed when the operation says so.
    static void pushFlushed(Code code, Operation operation, Operand operand, PtxType type) {
        code.push(operand, type);
        flush(code, operation, type);
    }

    static void flush(Code code, Operation operation, PtxType type) {
        if (!operation.has(Modifier.Flag.FTZ)) {
            return;
        }
        switch (type) {
            case F32 -> code.call(FloatArithmetic.class, "flush", float.class, float.class);
            case F16 -> code.call(Half.class, "flush", int.class, int.class);
            default -> {}
        }
    }

    private static void finish(Code code, Instruction instruction, PtxType type) {
        Operation operation = instruction.operation();
        flush(code, operation, type);
        if (operation.has(Modifier.Flag.SAT)) {
            Class<?> value = MemoryEmitter.valueClass(type);
            code.call(arithmeticOf(type), "saturate", value, value);
        }
        code.store(instruction.operand(0), type);
    }

    private static void wide(Code code, Instruction instruction, PtxType type) {
        Operation operation = instruction.operation();
        if (operation.has(Modifier.Flag.XORSIGN)) {
            throw new Declined(operation.form());
        }
        for (int index = 1; index < instruction.operandCount(); index++) {
            pushFlushed(code, operation, instruction.operand(index), type);
        }
        boolean single = type == PtxType.F32;
        Class<?> value = single ? float.class : double.class;
        int mode = mode(operation);
        switch (operation.opcode()) {
            case ADD, SUB, MUL -> simple(code, operation, single, mode);
            case FMA, MAD -> {
                if (mode == Rounding.NEAREST) {
                    code.call(Math.class, "fma", value, value, value, value);
                } else {
                    code.builder().loadConstant(mode);
                    code.call(arithmeticOf(type), "fma", value, value, value, value, int.class);
                }
            }
            case DIV -> divide(code, operation, single, mode);
            case ABS -> code.call(Math.class, "abs", value, value);
            case NEG -> {
                if (single) {
                    code.builder().fneg();
                } else {
                    code.builder().dneg();
                }
            }
            case MIN, MAX -> extreme(code, instruction, type);
            default -> throw new Declined(operation.form());
        }
        finish(code, instruction, type);
    }

    private static void simple(Code code, Operation operation, boolean single, int mode) {
        CodeBuilder builder = code.builder();
        if (mode != Rounding.NEAREST) {
            Class<?> value = single ? float.class : double.class;
            builder.loadConstant(mode);
            code.call(
                    arithmeticOf(operation.type()),
                    operation.opcode().text(),
                    value,
                    value,
                    value,
                    int.class);
            return;
        }
        switch (operation.opcode()) {
            case ADD -> {
                if (single) {
                    builder.fadd();
                } else {
                    builder.dadd();
                }
            }
            case SUB -> {
                if (single) {
                    builder.fsub();
                } else {
                    builder.dsub();
                }
            }
            default -> {
                if (single) {
                    builder.fmul();
                } else {
                    builder.dmul();
                }
            }
        }
    }

    private static void divide(Code code, Operation operation, boolean single, int mode) {
        Class<?> value = single ? float.class : double.class;
        if (operation.has(Modifier.Flag.APPROX) || operation.has(Modifier.Flag.FULL)) {
            code.call(Approximation.class, "div", value, value, value);
        } else if (mode == Rounding.NEAREST) {
            if (single) {
                code.builder().fdiv();
            } else {
                code.builder().ddiv();
            }
        } else {
            code.builder().loadConstant(mode);
            code.call(arithmeticOf(operation.type()), "div", value, value, value, int.class);
        }
    }

    private static void extreme(Code code, Instruction instruction, PtxType type) {
        Operation operation = instruction.operation();
        Class<?> value = MemoryEmitter.valueClass(type);
        boolean nan = operation.has(Modifier.Flag.NAN_RESULT);
        Class<?> owner = nan && type == PtxType.F64 ? Math.class : arithmeticOf(type);
        String name = operation.opcode().text() + (nan && type == PtxType.F32 ? "Nan" : "");
        if (operation.has(Modifier.Flag.ABS)) {
            throw new Declined(operation.form());
        }
        for (int operands = instruction.operandCount() - 1; operands > 1; operands--) {
            code.call(owner, name, value, value, value);
        }
    }

    private static void half(Code code, Instruction instruction, PtxType type) {
        Operation operation = instruction.operation();
        boolean brain = type == PtxType.BF16;
        requirePlainHalf(operation);
        int operands = instruction.operandCount() - 1;
        for (int index = 1; index <= operands; index++) {
            pushFlushed(code, operation, instruction.operand(index), type);
        }
        callHalf(code, Half.class, operation, operands, brain);
        flush(code, operation, type);
        if (operation.has(Modifier.Flag.SAT)) {
            code.builder().loadConstant(brain ? 1 : 0);
            code.call(Half.class, "saturate", int.class, int.class, boolean.class);
        }
        code.store(instruction.operand(0), type);
    }

    private static void packed(Code code, Instruction instruction, PtxType type) {
        Operation operation = instruction.operation();
        requirePlainHalf(operation);
        if (operation.has(Modifier.Flag.FTZ) || operation.has(Modifier.Flag.SAT)) {
            throw new Declined(operation.form());
        }
        int operands = instruction.operandCount() - 1;
        for (int index = 1; index <= operands; index++) {
            code.push(instruction.operand(index), PtxType.B32);
        }
        callHalf(code, Packed.class, operation, operands, type == PtxType.BF16X2);
        code.store(instruction.operand(0), PtxType.B32);
    }

    private static void requirePlainHalf(Operation operation) {
        if (operation.has(Modifier.Flag.RELU)
                || operation.has(Modifier.Flag.NAN_RESULT)
                || operation.has(Modifier.Flag.XORSIGN)
                || mode(operation) != Rounding.NEAREST) {
            throw new Declined(operation.form());
        }
    }

    private static void callHalf(
            Code code, Class<?> owner, Operation operation, int operands, boolean brain) {
        String name = operation.opcode() == Opcode.MAD ? "fma" : operation.opcode().text();
        switch (operation.opcode()) {
            case ABS, NEG -> code.call(owner, name, int.class, int.class);
            case ADD, SUB, MUL, MIN, MAX, FMA, MAD -> {
                Class<?>[] parameters = new Class<?>[operands + 1];
                java.util.Arrays.fill(parameters, int.class);
                parameters[operands] = boolean.class;
                code.builder().loadConstant(brain ? 1 : 0);
                code.call(owner, name, int.class, parameters);
            }
            default -> throw new Declined(operation.form());
        }
    }

    /// testp, copysign, rcp, sqrt, rsqrt, sin, cos, lg2, ex2, tanh.
    static void function(Code code, Instruction instruction) {
        Operation operation = instruction.operation();
        PtxType type = operation.type();
        if (type != PtxType.F32 && type != PtxType.F64) {
            throw new Declined(operation.form());
        }
        Class<?> value = MemoryEmitter.valueClass(type);
        pushFlushed(code, operation, instruction.operand(1), type);
        switch (operation.opcode()) {
            case TESTP -> {
                testProperty(code, operation, value);
                code.store(instruction.operand(0), PtxType.PRED);
                return;
            }
            case COPYSIGN -> {
                code.push(instruction.operand(2), type);
                code.call(arithmeticOf(type), "copysign", value, value, value);
            }
            case RCP, SQRT -> reciprocalOrRoot(code, operation, type, value);
            case RSQRT -> {
                boolean high = type == PtxType.F64 && operation.has(Modifier.Flag.FTZ);
                code.call(Approximation.class, high ? "rsqrtHigh" : "rsqrt", value, value);
            }
            default -> code.call(Approximation.class, operation.opcode().text(), value, value);
        }
        finish(code, instruction, type);
    }

    private static void reciprocalOrRoot(
            Code code, Operation operation, PtxType type, Class<?> value) {
        String name = operation.opcode().text();
        if (operation.has(Modifier.Flag.APPROX)) {
            boolean high = type == PtxType.F64;
            code.call(Approximation.class, high ? name + "High" : name, value, value);
        } else {
            code.builder().loadConstant(mode(operation));
            code.call(arithmeticOf(type), name, value, value, int.class);
        }
    }

    private static void testProperty(Code code, Operation operation, Class<?> value) {
        Modifier.Property property =
                operation
                        .modifier(Modifier.Property.class)
                        .orElseThrow(() -> new Declined(operation.form()));
        Class<?> box = value == float.class ? Float.class : Double.class;
        switch (property) {
            case FINITE -> code.call(box, "isFinite", boolean.class, value);
            case INFINITE -> code.call(box, "isInfinite", boolean.class, value);
            case NOTANUMBER -> code.call(box, "isNaN", boolean.class, value);
            case NUMBER -> code.call(Compare.class, "isNumber", boolean.class, value);
            case NORMAL -> code.call(Compare.class, "isNormal", boolean.class, value);
            case SUBNORMAL -> code.call(Compare.class, "isSubnormal", boolean.class, value);
        }
    }
}
