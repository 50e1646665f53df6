package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.arithmetic.Conversion;
import org.bitfusion.gpu.soft.arithmetic.DoubleArithmetic;
import org.bitfusion.gpu.soft.arithmetic.FloatArithmetic;
import org.bitfusion.gpu.soft.arithmetic.Half;
import org.bitfusion.gpu.soft.arithmetic.Rounding;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// `cvt` between every pair of types.
final class ConvertSteps {
    private ConvertSteps() {}

    /// Register bits to register bits.
    @FunctionalInterface
    interface Conversion1 {
        long apply(long bits);
    }

    /// Register bits of a float type to its value.
    @FunctionalInterface
    private interface Reader {
        double read(long bits);
    }

    static Step decode(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        if (operation.has(Modifier.Flag.PACK)) {
            return integerPack(code, instruction);
        }
        PtxType to = operation.type(0);
        PtxType from = operation.type(1);
        if (instruction.operandCount() == 3) {
            return packed(code, instruction, to, from);
        }
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, from);
        Conversion1 conversion = conversion(code, operation, to, from);
        return t -> t.registers[d] = conversion.apply(t.registers[a]);
    }

    private static Conversion1 conversion(
            CodeBuilder code, Operation operation, PtxType to, PtxType from) {
        if (to.isInteger() && from.isInteger()) {
            return integers(operation, to, from);
        }
        if (to.isInteger() && from.isFloat()) {
            return toInteger(code, operation, to, from);
        }
        if (to.isFloat() && from.isInteger()) {
            return fromInteger(code, operation, to, from);
        }
        if (to.isFloat() && from.isFloat()) {
            return floats(code, operation, to, from);
        }
        throw code.unsupported();
    }

    private static Conversion1 integers(Operation operation, PtxType to, PtxType from) {
        if (!operation.has(Modifier.Flag.SAT)) {
            return bits -> Values.extend(Values.extend(bits, from), to);
        }
        boolean unsigned = !from.isSigned();
        return to.isSigned()
                ? bits -> Conversion.clampSigned(Values.extend(bits, from), unsigned, to.bits())
                : bits -> Conversion.clampUnsigned(Values.extend(bits, from), unsigned, to.bits());
    }

    private static Reader reader(CodeBuilder code, PtxType from, boolean flush) {
        return switch (from) {
            case F64 -> Values::toDouble;
            case F32, TF32 -> bits -> FloatSteps.read(bits, flush);
            case F16 -> bits -> Half.toFloat((int) bits);
            case BF16 -> bits -> Half.brainToFloat((int) bits);
            default -> throw code.unsupported();
        };
    }

    private static Conversion1 toInteger(
            CodeBuilder code, Operation operation, PtxType to, PtxType from) {
        int mode =
                operation.modifier(Modifier.Rounding.class).map(Rounding::of).orElse(Rounding.ZERO);
        Reader reader = reader(code, from, operation.has(Modifier.Flag.FTZ));
        boolean wide = from == PtxType.F64 || to.bits() == 64;
        return to.isSigned()
                ? bits -> Conversion.toSigned(reader.read(bits), mode, to.bits(), wide)
                : bits -> Conversion.toUnsigned(reader.read(bits), mode, to.bits(), wide);
    }

    private static Conversion1 fromInteger(
            CodeBuilder code, Operation operation, PtxType to, PtxType from) {
        int mode = FloatSteps.mode(operation);
        boolean signed = from.isSigned();
        boolean saturate = operation.has(Modifier.Flag.SAT);
        return switch (to) {
            case F32 ->
                    bits -> {
                        long value = Values.extend(bits, from);
                        float result =
                                signed
                                        ? Conversion.signedToFloat(value, mode)
                                        : Conversion.unsignedToFloat(value, mode);
                        return FloatSteps.finish(result, false, saturate);
                    };
            case F64 ->
                    bits -> {
                        long value = Values.extend(bits, from);
                        double result =
                                signed
                                        ? Conversion.signedToDouble(value, mode)
                                        : Conversion.unsignedToDouble(value, mode);
                        return Values.ofDouble(
                                saturate ? DoubleArithmetic.saturate(result) : result);
                    };
            case F16, BF16 ->
                    bits -> {
                        long value = Values.extend(bits, from);
                        double exact =
                                signed
                                        ? Conversion.signedToOdd(value)
                                        : Conversion.unsignedToOdd(value);
                        return modified(narrow(exact, to, mode), to, saturate, false);
                    };
            default -> throw code.unsupported();
        };
    }

    private static long narrow(double value, PtxType to, int mode) {
        return to == PtxType.F16 ? Half.fromDouble(value, mode) : Half.brainFromDouble(value, mode);
    }

    private static boolean toWhole(Operation operation) {
        return operation
                .modifier(Modifier.Rounding.class)
                .map(mode ->
                        switch (mode) {
                            case RNI, RZI, RMI, RPI -> true;
                            case RN, RZ, RM, RP, RNA -> false;
                        })
                .orElse(false);
    }

    private static Conversion1 floats(
            CodeBuilder code, Operation operation, PtxType to, PtxType from) {
        int mode = FloatSteps.mode(operation);
        boolean flush = operation.has(Modifier.Flag.FTZ);
        boolean saturate = operation.has(Modifier.Flag.SAT);
        boolean relu = operation.has(Modifier.Flag.RELU);
        boolean whole = toWhole(operation);
        Reader plain = reader(code, from, flush);
        Reader reader = whole ? bits -> Rounding.toInteger(plain.read(bits), mode) : plain;
        return switch (to) {
            case F64 ->
                    bits -> {
                        double value = reader.read(bits);
                        return Values.ofDouble(saturate ? DoubleArithmetic.saturate(value) : value);
                    };
            case F32 ->
                    bits ->
                            FloatSteps.finish(
                                    FloatArithmetic.fromDouble(reader.read(bits), mode),
                                    flush,
                                    saturate);
            case F16, BF16 ->
                    bits -> {
                        double value = reader.read(bits);
                        return modified(narrow(value, to, mode), to, saturate, relu);
                    };
            case TF32 -> bits -> Conversion.toTf32((float) reader.read(bits), mode);
            default -> throw code.unsupported();
        };
    }

    private static long modified(long bits, PtxType to, boolean saturate, boolean relu) {
        boolean brain = to == PtxType.BF16;
        if (saturate) {
            return Half.saturate((int) bits, brain);
        }
        boolean clears = relu && (bits & 0x8000) != 0 && !Half.isNan((int) bits, brain);
        return clears ? 0 : bits;
    }

    /// `cvt.pack.sat.s8.s32.b32 d, a, b, c`: `a` and `b`, saturated, become the low part of the
    /// result, `c` moves up to make room.
    private static Step integerPack(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        Modifier.Narrow narrow = operation.modifier(Modifier.Narrow.class).orElse(null);
        PtxType from = operation.type(narrow == null ? 1 : 0);
        int width = narrow == null ? operation.type(0).bits() : widthOf(narrow);
        boolean signed =
                narrow == null ? operation.type(0).isSigned() : narrow.text().startsWith("s");
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, from);
        int b = code.source(instruction, 2, from);
        int c =
                instruction.operandCount() == 4
                        ? code.source(instruction, 3, PtxType.B32)
                        : code.constant(0);
        return t -> {
            long[] r = t.registers;
            r[d] =
                    Conversion.pack(
                            Values.extend(r[a], from),
                            Values.extend(r[b], from),
                            (int) r[c],
                            width,
                            signed);
        };
    }

    private static int widthOf(Modifier.Narrow narrow) {
        return switch (narrow) {
            case U4, S4 -> 4;
            case U2, S2 -> 2;
        };
    }

    /// `cvt.rn.f16x2.f32 d, a, b`: `a` becomes the high half.
    private static Step packed(
            CodeBuilder code, Instruction instruction, PtxType to, PtxType from) {
        PtxType element =
                switch (to) {
                    case F16X2 -> PtxType.F16;
                    case BF16X2 -> PtxType.BF16;
                    default -> throw code.unsupported();
                };
        Operation operation = instruction.operation();
        int mode = FloatSteps.mode(operation);
        boolean relu = operation.has(Modifier.Flag.RELU);
        Reader reader = reader(code, from, false);
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, from);
        int b = code.source(instruction, 2, from);
        return t -> {
            long[] r = t.registers;
            long high = modified(narrow(reader.read(r[a]), element, mode), element, false, relu);
            long low = modified(narrow(reader.read(r[b]), element, mode), element, false, relu);
            r[d] = low | high << 16;
        };
    }
}
