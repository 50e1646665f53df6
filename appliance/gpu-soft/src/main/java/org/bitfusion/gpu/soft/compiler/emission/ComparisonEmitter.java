package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import org.bitfusion.gpu.soft.arithmetic.Half;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;
import org.bitfusion.gpu.soft.compiler.runtime.Compare;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;
import org.bitfusion.ptx.Register;

/// set, setp, selp, slct.
final class ComparisonEmitter {
    private ComparisonEmitter() {}

    static void emit(Code code, Instruction instruction) {
        Operation operation = instruction.operation();
        if (operation.opcode() == Opcode.SET) {
            set(code, instruction);
            return;
        }
        boolean pair = operation.type().kind() == PtxType.Kind.PACKED_FLOAT;
        int low = condition(code, yes -> branchWhen(code, instruction, yes, true));
        int high = pair ? condition(code, yes -> branchWhenHigh(code, instruction, yes)) : low;
        Operand destination = instruction.operand(0);
        Operand first = destination instanceof Operand.Pair both ? both.first() : destination;
        Operand second =
                destination instanceof Operand.Pair both ? both.second() : new Operand.Sink();
        if (instruction.operandCount() > 3) {
            int third = code.locals().allocate(ValueKind.INT);
            code.push(instruction.operand(3), PtxType.PRED);
            code.builder().istore(third);
            storeCombined(code, operation, first, low, third, false);
            storeCombined(code, operation, second, high, third, !pair);
        } else {
            code.builder().iload(low);
            code.store(first, PtxType.PRED);
            code.builder().iload(high);
            if (!pair) {
                code.builder().iconst_1().ixor();
            }
            code.store(second, PtxType.PRED);
        }
    }

    private static int condition(Code code, java.util.function.Consumer<Label> branch) {
        code.pushCondition(branch);
        int result = code.locals().allocate(ValueKind.INT);
        code.builder().istore(result);
        return result;
    }

    private static void storeCombined(
            Code code, Operation operation, Operand to, int result, int third, boolean negate) {
        CodeBuilder builder = code.builder();
        builder.iload(result);
        if (negate) {
            builder.iconst_1().ixor();
        }
        builder.iload(third);
        combine(builder, operation);
        code.store(to, PtxType.PRED);
    }

    private static void combine(CodeBuilder builder, Operation operation) {
        switch (operation.modifier(Modifier.Combination.class).orElse(Modifier.Combination.AND)) {
            case AND -> builder.iand();
            case OR -> builder.ior();
            case XOR -> builder.ixor();
        }
    }

    private static void set(Code code, Instruction instruction) {
        Operation operation = instruction.operation();
        PtxType to = operation.type(0);
        PtxType type = operation.type(1);
        if (type.kind() == PtxType.Kind.PACKED_FLOAT) {
            throw new Declined(operation.form());
        }
        code.pushCondition(yes -> branchWhen(code, instruction, yes, true));
        if (instruction.operandCount() > 3) {
            code.push(instruction.operand(3), PtxType.PRED);
            combine(code.builder(), operation);
        }
        switch (to) {
            case F32 -> code.builder().i2f();
            case F16 -> code.builder().loadConstant(0x3C00).imul();
            case BF16 -> code.builder().loadConstant(0x3F80).imul();
            default -> {
                code.builder().ineg();
                code.widen(ValueKind.INT, ValueKind.of(to), true);
                code.narrow(to);
            }
        }
        code.store(instruction.operand(0), to);
    }

    /// True when a branch on the result may compare by itself instead of reading the predicate.
    static boolean isPlain(Instruction instruction) {
        return instruction.opcode() == Opcode.SETP
                && instruction.guard() == null
                && instruction.operandCount() == 3
                && instruction.operand(0) instanceof Register
                && instruction.operation().type().kind() != PtxType.Kind.PACKED_FLOAT;
    }

    /// Branches to `label` when the comparison's outcome is `outcome`.
    static void branchWhen(Code code, Instruction instruction, Label label, boolean outcome) {
        Operation operation = instruction.operation();
        PtxType type = operation.opcode() == Opcode.SET ? operation.type(1) : operation.type(0);
        Modifier.Comparison comparison =
                operation
                        .modifier(Modifier.Comparison.class)
                        .orElseThrow(() -> new Declined(operation.form()));
        pushOperand(code, operation, instruction.operand(1), type);
        pushOperand(code, operation, instruction.operand(2), type);
        switch (type) {
            case F32, F16, BF16, F16X2, BF16X2 ->
                    branchFloat(code, comparison, true, label, outcome);
            case F64 -> branchFloat(code, comparison, false, label, outcome);
            default -> branchInteger(code, comparison, type, label, outcome);
        }
    }

    /// Branches when the comparison holds for the high halves of pairs.
    private static void branchWhenHigh(Code code, Instruction instruction, Label label) {
        for (int index = 1; index <= 2; index++) {
            code.push(instruction.operand(index), PtxType.B32);
            code.builder().loadConstant(16).iushr();
            pushHalf(code, instruction.operation());
        }
        Modifier.Comparison comparison =
                instruction
                        .operation()
                        .modifier(Modifier.Comparison.class)
                        .orElseThrow(() -> new Declined(instruction.form()));
        branchFloat(code, comparison, true, label, true);
    }

    private static void pushOperand(Code code, Operation operation, Operand operand, PtxType type) {
        switch (type) {
            case F32 -> FloatEmitter.pushFlushed(code, operation, operand, type);
            case F16, BF16 -> {
                code.push(operand, type);
                pushHalf(code, operation);
            }
            case F16X2, BF16X2 -> {
                code.push(operand, PtxType.B32);
                code.builder().loadConstant(0xFFFF).iand();
                pushHalf(code, operation);
            }
            default -> code.push(operand, type);
        }
    }

    /// Turns the bits of a half into its value.
    private static void pushHalf(Code code, Operation operation) {
        PtxType type = operation.types().getLast();
        boolean brain = type == PtxType.BF16 || type == PtxType.BF16X2;
        if (!brain) {
            FloatEmitter.flush(code, operation, PtxType.F16);
        }
        code.builder().loadConstant(brain ? 1 : 0);
        code.call(Half.class, "value", float.class, int.class, boolean.class);
    }

    private static void branchInteger(
            Code code, Modifier.Comparison comparison, PtxType type, Label label, boolean outcome) {
        CodeBuilder builder = code.builder();
        boolean wide = ValueKind.of(type) == ValueKind.LONG;
        boolean equality =
                comparison == Modifier.Comparison.EQ || comparison == Modifier.Comparison.NE;
        boolean unsigned =
                (!type.isSigned() && type.bits() >= 32 && !equality) || isUnsigned(comparison);
        Comparing comparing = integerComparing(comparison, outcome);
        if (unsigned) {
            Class<?> value = wide ? long.class : int.class;
            code.call(
                    wide ? Long.class : Integer.class, "compareUnsigned", int.class, value, value);
            comparing.againstZero(builder, label);
        } else if (wide) {
            builder.lcmp();
            comparing.againstZero(builder, label);
        } else {
            comparing.ofInts(builder, label);
        }
    }

    private static boolean isUnsigned(Modifier.Comparison comparison) {
        return switch (comparison) {
            case LO, LS, HI, HS -> true;
            default -> false;
        };
    }

    private static Comparing integerComparing(Modifier.Comparison comparison, boolean outcome) {
        Comparing wanted =
                switch (comparison) {
                    case EQ -> Comparing.EQUAL;
                    case NE -> Comparing.DIFFERENT;
                    case LT, LO -> Comparing.LESS;
                    case LE, LS -> Comparing.AT_MOST;
                    case GT, HI -> Comparing.GREATER;
                    case GE, HS -> Comparing.AT_LEAST;
                    default -> throw new Declined("comparison " + comparison);
                };
        return outcome ? wanted : wanted.opposite();
    }

    /// A float compare leaves -1, 0 or 1, and for NaN -1 (fcmpl) or 1 (fcmpg).
    private static void branchFloat(
            Code code,
            Modifier.Comparison comparison,
            boolean single,
            Label label,
            boolean outcome) {
        CodeBuilder builder = code.builder();
        boolean nanIsLess =
                switch (comparison) {
                    case GT, GE, EQ, LTU, LEU, NEU -> true;
                    default -> false;
                };
        Comparing wanted =
                switch (comparison) {
                    case EQ -> Comparing.EQUAL;
                    case NEU -> Comparing.DIFFERENT;
                    case LT, LTU -> Comparing.LESS;
                    case LE, LEU -> Comparing.AT_MOST;
                    case GT, GTU -> Comparing.GREATER;
                    case GE, GEU -> Comparing.AT_LEAST;
                    default -> null;
                };
        if (wanted == null) {
            branchSpecial(code, comparison, single, label, outcome);
            return;
        }
        if (single) {
            if (nanIsLess) {
                builder.fcmpl();
            } else {
                builder.fcmpg();
            }
        } else if (nanIsLess) {
            builder.dcmpl();
        } else {
            builder.dcmpg();
        }
        (outcome ? wanted : wanted.opposite()).againstZero(builder, label);
    }

    private static void branchSpecial(
            Code code,
            Modifier.Comparison comparison,
            boolean single,
            Label label,
            boolean outcome) {
        String name =
                switch (comparison) {
                    case NE -> "differ";
                    case EQU -> "equalOrUnordered";
                    case NUM -> "ordered";
                    case NAN -> "unordered";
                    default -> throw new Declined("comparison " + comparison);
                };
        Class<?> value = single ? float.class : double.class;
        code.call(Compare.class, name, boolean.class, value, value);
        if (outcome) {
            code.builder().ifne(label);
        } else {
            code.builder().ifeq(label);
        }
    }

    static void select(Code code, Instruction instruction) {
        CodeBuilder builder = code.builder();
        Operation operation = instruction.operation();
        PtxType type = operation.type();
        Label other = builder.newLabel();
        Label end = builder.newLabel();
        if (operation.opcode() == Opcode.SELP) {
            code.push(instruction.operand(3), PtxType.PRED);
            builder.ifeq(other);
        } else if (operation.type(1) == PtxType.F32) {
            FloatEmitter.pushFlushed(code, operation, instruction.operand(3), PtxType.F32);
            builder.fconst_0().fcmpl().iflt(other);
        } else {
            code.push(instruction.operand(3), PtxType.S32);
            builder.iflt(other);
        }
        code.push(instruction.operand(1), type);
        builder.goto_(end).labelBinding(other);
        code.push(instruction.operand(2), type);
        builder.labelBinding(end);
        code.store(instruction.operand(0), type);
    }
}
