package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.CodeBuilder;
import org.bitfusion.gpu.soft.arithmetic.Conversion;
import org.bitfusion.gpu.soft.arithmetic.FloatArithmetic;
import org.bitfusion.gpu.soft.arithmetic.Half;
import org.bitfusion.gpu.soft.arithmetic.Packed;
import org.bitfusion.gpu.soft.arithmetic.Rounding;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// `cvt` over source and destination type × rounding, flushing and saturation.
final class ConversionEmitter {
    private ConversionEmitter() {}

    static void emit(Code code, Instruction instruction) {
        Operation operation = instruction.operation();
        PtxType to = operation.type(0);
        if (operation.has(Modifier.Flag.PACK)
                || operation.has(Modifier.Flag.RELU)
                || operation.has(Modifier.Flag.SATFINITE)) {
            throw new Declined(operation.form());
        }
        if (to.kind() == PtxType.Kind.PACKED_FLOAT) {
            pair(code, instruction, to == PtxType.BF16X2);
            return;
        }
        PtxType from = operation.type(1);
        Operand source = instruction.operand(1);
        if (from.isFloat()) {
            if (to.isFloat()) {
                floatToFloat(code, operation, source, from, to);
            } else {
                floatToInteger(code, operation, source, from, to);
            }
        } else if (to.isFloat()) {
            integerToFloat(code, operation, source, from, to);
        } else {
            integerToInteger(code, operation, source, from, to);
        }
        code.store(instruction.operand(0), to);
    }

    private static void integerToInteger(
            Code code, Operation operation, Operand source, PtxType from, PtxType to) {
        code.push(source, from);
        ValueKind held = ValueKind.of(from);
        if (operation.has(Modifier.Flag.SAT)) {
            code.widen(held, ValueKind.LONG, from.isSigned());
            code.builder().loadConstant(from.isSigned() ? 0 : 1).loadConstant(to.bits());
            code.call(
                    Conversion.class,
                    to.isSigned() ? "clampSigned" : "clampUnsigned",
                    long.class,
                    long.class,
                    boolean.class,
                    int.class);
            code.widen(ValueKind.LONG, ValueKind.of(to), to.isSigned());
        } else {
            code.widen(held, ValueKind.of(to), from.isSigned());
        }
        code.narrow(to);
    }

    private static void integerToFloat(
            Code code, Operation operation, Operand source, PtxType from, PtxType to) {
        CodeBuilder builder = code.builder();
        int mode = FloatEmitter.mode(operation);
        code.push(source, from);
        boolean exactInt = from.bits() < 32 || from == PtxType.S32;
        if (exactInt && mode == Rounding.NEAREST && to == PtxType.F32) {
            builder.i2f();
        } else if (exactInt && to == PtxType.F64) {
            builder.i2d();
        } else {
            code.widen(ValueKind.of(from), ValueKind.LONG, from.isSigned());
            longToFloat(code, from.isSigned(), to, mode);
        }
        if (operation.has(Modifier.Flag.SAT)) {
            saturate(code, to);
        }
    }

    private static void longToFloat(Code code, boolean signed, PtxType to, int mode) {
        CodeBuilder builder = code.builder();
        String sign = signed ? "signed" : "unsigned";
        switch (to) {
            case F32 -> {
                builder.loadConstant(mode);
                code.call(Conversion.class, sign + "ToFloat", float.class, long.class, int.class);
            }
            case F64 -> {
                builder.loadConstant(mode);
                code.call(Conversion.class, sign + "ToDouble", double.class, long.class, int.class);
            }
            default -> {
                code.call(Conversion.class, sign + "ToOdd", double.class, long.class);
                doubleToHalf(code, to, mode);
            }
        }
    }

    private static void doubleToHalf(Code code, PtxType to, int mode) {
        code.builder().loadConstant(mode);
        String name = to == PtxType.BF16 ? "brainFromDouble" : "fromDouble";
        code.call(Half.class, name, int.class, double.class, int.class);
    }

    /// Pushes a float of any format as a double.
    private static void pushDouble(Code code, Operation operation, Operand source, PtxType from) {
        switch (from) {
            case F64 -> code.push(source, from);
            case F32 -> {
                FloatEmitter.pushFlushed(code, operation, source, from);
                code.builder().f2d();
            }
            case F16, BF16 -> {
                code.push(source, from);
                String name = from == PtxType.F16 ? "toFloat" : "brainToFloat";
                code.call(Half.class, name, float.class, int.class);
                code.builder().f2d();
            }
            default -> throw new Declined(operation.form());
        }
    }

    private static void floatToInteger(
            Code code, Operation operation, Operand source, PtxType from, PtxType to) {
        int mode = FloatEmitter.mode(operation);
        CodeBuilder builder = code.builder();
        if (from == PtxType.F32 && to == PtxType.S32 && mode == Rounding.ZERO) {
            FloatEmitter.pushFlushed(code, operation, source, from);
            builder.f2i();
            return;
        }
        pushDouble(code, operation, source, from);
        boolean wide = from == PtxType.F64 || to.bits() == 64;
        builder.loadConstant(mode).loadConstant(to.bits()).loadConstant(wide ? 1 : 0);
        code.call(
                Conversion.class,
                to.isSigned() ? "toSigned" : "toUnsigned",
                long.class,
                double.class,
                int.class,
                int.class,
                boolean.class);
        code.widen(ValueKind.LONG, ValueKind.of(to), to.isSigned());
    }

    private static void floatToFloat(
            Code code, Operation operation, Operand source, PtxType from, PtxType to) {
        boolean integral =
                operation
                        .modifier(Modifier.Rounding.class)
                        .map(ConversionEmitter::roundsToInteger)
                        .orElse(false);
        int mode = FloatEmitter.mode(operation);
        pushDouble(code, operation, source, from);
        if (integral) {
            code.builder().loadConstant(mode);
            code.call(Rounding.class, "toInteger", double.class, double.class, int.class);
        }
        switch (to) {
            case F64 -> {}
            case F32 -> {
                if (mode == Rounding.NEAREST || integral || from != PtxType.F64) {
                    code.builder().d2f();
                } else {
                    code.builder().loadConstant(mode);
                    code.call(
                            FloatArithmetic.class,
                            "fromDouble",
                            float.class,
                            double.class,
                            int.class);
                }
                FloatEmitter.flush(code, operation, to);
            }
            case F16, BF16 -> doubleToHalf(code, to, integral ? Rounding.NEAREST : mode);
            case TF32 -> {
                code.builder().d2f().loadConstant(mode);
                code.call(Conversion.class, "toTf32", int.class, float.class, int.class);
            }
            default -> throw new Declined(operation.form());
        }
        if (operation.has(Modifier.Flag.SAT)) {
            saturate(code, to);
        }
    }

    private static boolean roundsToInteger(Modifier.Rounding rounding) {
        return switch (rounding) {
            case RNI, RZI, RMI, RPI -> true;
            case RN, RZ, RM, RP, RNA -> false;
        };
    }

    private static void saturate(Code code, PtxType to) {
        switch (to) {
            case F32, F64 -> {
                Class<?> value = MemoryEmitter.valueClass(to);
                code.call(FloatEmitter.arithmeticOf(to), "saturate", value, value);
            }
            default -> {
                code.builder().loadConstant(to == PtxType.BF16 ? 1 : 0);
                code.call(Half.class, "saturate", int.class, int.class, boolean.class);
            }
        }
    }

    /// `cvt.rn.f16x2.f32 d, a, b`: a goes to the high half.
    private static void pair(Code code, Instruction instruction, boolean brain) {
        Operation operation = instruction.operation();
        int mode = FloatEmitter.mode(operation);
        PtxType half = brain ? PtxType.BF16 : PtxType.F16;
        for (int index = 2; index >= 1; index--) {
            pushDouble(code, operation, instruction.operand(index), operation.type(1));
            doubleToHalf(code, half, mode);
        }
        code.call(Packed.class, "pack", int.class, int.class, int.class);
        code.store(instruction.operand(0), PtxType.B32);
    }
}
