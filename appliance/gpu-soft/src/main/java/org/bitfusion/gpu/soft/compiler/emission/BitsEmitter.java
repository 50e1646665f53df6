package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.CodeBuilder;
import org.bitfusion.gpu.soft.arithmetic.Bits;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// Logic, shifts and bit fields.
final class BitsEmitter {
    private BitsEmitter() {}

    /// and, or, xor, not, cnot; predicates too.
    static void logic(Code code, Instruction instruction) {
        PtxType type = instruction.operation().type();
        boolean wide = type.bits() == 64;
        CodeBuilder builder = code.builder();
        code.push(instruction.operand(1), type);
        switch (instruction.opcode()) {
            case NOT -> {
                if (type == PtxType.PRED) {
                    builder.iconst_1().ixor();
                } else if (wide) {
                    builder.loadConstant(-1L).lxor();
                } else {
                    builder.iconst_m1().ixor();
                }
            }
            case CNOT -> {
                if (wide) {
                    builder.lconst_0().lcmp();
                }
                code.pushCondition(builder::ifeq);
                code.widen(ValueKind.INT, ValueKind.of(type), false);
            }
            default -> {
                code.push(instruction.operand(2), type);
                combine(builder, instruction.opcode(), wide);
            }
        }
        code.narrow(type);
        code.store(instruction.operand(0), type);
    }

    private static void combine(CodeBuilder builder, Opcode opcode, boolean wide) {
        switch (opcode) {
            case AND -> {
                if (wide) {
                    builder.land();
                } else {
                    builder.iand();
                }
            }
            case OR -> {
                if (wide) {
                    builder.lor();
                } else {
                    builder.ior();
                }
            }
            default -> {
                if (wide) {
                    builder.lxor();
                } else {
                    builder.ixor();
                }
            }
        }
    }

    static void emit(Code code, Instruction instruction) {
        switch (instruction.opcode()) {
            case SHL, SHR -> shift(code, instruction);
            case SHF -> funnel(code, instruction);
            case POPC, CLZ, BREV -> count(code, instruction);
            case BFE, BFI, BFIND -> field(code, instruction);
            default -> word(code, instruction);
        }
    }

    /// shl, shr: counts beyond the width give zeros, or the sign.
    private static void shift(Code code, Instruction instruction) {
        PtxType type = instruction.operation().type();
        boolean left = instruction.opcode() == Opcode.SHL;
        boolean signed = type.isSigned() && !left;
        boolean wide = type.bits() == 64;
        CodeBuilder builder = code.builder();
        code.push(instruction.operand(1), type);
        if (instruction.operand(2) instanceof Operand.Immediate immediate) {
            long count = immediate.bitsAs(PtxType.U32);
            if (count >= type.bits() && !signed) {
                if (wide) {
                    builder.pop2().lconst_0();
                } else {
                    builder.pop().iconst_0();
                }
            } else {
                builder.loadConstant((int) Math.min(count, type.bits() - 1));
                shiftOnce(builder, left, signed, wide);
            }
        } else {
            code.push(instruction.operand(2), PtxType.U32);
            String name = left ? "shl" : signed ? "shrSigned" : "shrUnsigned";
            Class<?> value = wide ? long.class : int.class;
            code.call(Bits.class, name, value, value, int.class);
        }
        code.narrow(type);
        code.store(instruction.operand(0), type);
    }

    private static void shiftOnce(CodeBuilder builder, boolean left, boolean signed, boolean wide) {
        if (wide) {
            if (left) {
                builder.lshl();
            } else if (signed) {
                builder.lshr();
            } else {
                builder.lushr();
            }
        } else if (left) {
            builder.ishl();
        } else if (signed) {
            builder.ishr();
        } else {
            builder.iushr();
        }
    }

    private static void funnel(Code code, Instruction instruction) {
        Operation operation = instruction.operation();
        for (int index = 1; index <= 3; index++) {
            code.push(instruction.operand(index), PtxType.B32);
        }
        code.builder().loadConstant(operation.has(Modifier.CountMode.WRAP) ? 1 : 0);
        code.call(
                Bits.class,
                operation.has(Modifier.Direction.L) ? "funnelLeft" : "funnelRight",
                int.class,
                int.class,
                int.class,
                int.class,
                boolean.class);
        code.store(instruction.operand(0), PtxType.B32);
    }

    private static void count(Code code, Instruction instruction) {
        PtxType type = instruction.operation().type();
        boolean wide = type.bits() == 64;
        Class<?> value = wide ? long.class : int.class;
        Class<?> owner = wide ? Long.class : Integer.class;
        code.push(instruction.operand(1), type);
        switch (instruction.opcode()) {
            case POPC -> code.call(owner, "bitCount", int.class, value);
            case CLZ -> code.call(owner, "numberOfLeadingZeros", int.class, value);
            default -> {
                code.call(owner, "reverse", value, value);
                code.store(instruction.operand(0), type);
                return;
            }
        }
        code.store(instruction.operand(0), PtxType.U32);
    }

    private static void field(Code code, Instruction instruction) {
        PtxType type = instruction.operation().type();
        boolean wide = type.bits() == 64;
        Class<?> value = wide ? long.class : int.class;
        code.push(instruction.operand(1), type);
        switch (instruction.opcode()) {
            case BFE -> {
                code.push(instruction.operand(2), PtxType.U32);
                code.push(instruction.operand(3), PtxType.U32);
                String name = type.isSigned() ? "bfeSigned" : "bfeUnsigned";
                code.call(Bits.class, name, value, value, int.class, int.class);
                code.store(instruction.operand(0), type);
            }
            case BFI -> {
                code.push(instruction.operand(2), type);
                code.push(instruction.operand(3), PtxType.U32);
                code.push(instruction.operand(4), PtxType.U32);
                code.call(Bits.class, "bfi", value, value, value, int.class, int.class);
                code.store(instruction.operand(0), type);
            }
            default -> {
                code.builder().loadConstant(type.isSigned() ? 1 : 0);
                boolean amount = instruction.operation().has(Modifier.Flag.SHIFTAMT);
                code.call(
                        Bits.class,
                        amount ? "bfindShift" : "bfind",
                        int.class,
                        value,
                        boolean.class);
                code.store(instruction.operand(0), PtxType.U32);
            }
        }
    }

    /// fns, szext, bmsk, lop3, prmt: 32-bit only.
    private static void word(Code code, Instruction instruction) {
        Operation operation = instruction.operation();
        CodeBuilder builder = code.builder();
        if (instruction.operand(0) instanceof Operand.Pair) { // lop3 with a predicate
            throw new Declined(instruction.form());
        }
        if (instruction.opcode() == Opcode.PRMT) {
            permute(code, instruction);
            return;
        }
        for (int index = 1; index < instruction.operandCount(); index++) {
            code.push(instruction.operand(index), PtxType.B32);
        }
        int wrap = operation.has(Modifier.CountMode.WRAP) ? 1 : 0;
        switch (instruction.opcode()) {
            case FNS -> code.call(Bits.class, "fns", int.class, int.class, int.class, int.class);
            case LOP3 ->
                    code.call(
                            Bits.class,
                            "lop3",
                            int.class,
                            int.class,
                            int.class,
                            int.class,
                            int.class);
            case BMSK -> {
                builder.loadConstant(wrap);
                code.call(Bits.class, "bmsk", int.class, int.class, int.class, boolean.class);
            }
            case SZEXT -> {
                builder.loadConstant(wrap);
                builder.loadConstant(operation.type().isSigned() ? 1 : 0);
                code.call(
                        Bits.class,
                        "szext",
                        int.class,
                        int.class,
                        int.class,
                        boolean.class,
                        boolean.class);
            }
            default -> throw new Declined(instruction.form());
        }
        code.store(instruction.operand(0), PtxType.B32);
    }

    private static void permute(Code code, Instruction instruction) {
        code.push(instruction.operand(1), PtxType.B32);
        code.push(instruction.operand(2), PtxType.B32);
        instruction
                .operation()
                .modifier(Modifier.Permutation.class)
                .ifPresentOrElse(
                        mode -> {
                            code.builder().loadConstant(modeNumber(mode));
                            code.push(instruction.operand(3), PtxType.B32);
                            code.call(Bits.class, "prmtSelector", int.class, int.class, int.class);
                        },
                        () -> code.push(instruction.operand(3), PtxType.B32));
        code.call(Bits.class, "prmt", int.class, int.class, int.class, int.class);
        code.store(instruction.operand(0), PtxType.B32);
    }

    private static int modeNumber(Modifier.Permutation mode) {
        return switch (mode) {
            case F4E -> 0;
            case B4E -> 1;
            case RC8 -> 2;
            case ECL -> 3;
            case ECR -> 4;
            case RC16 -> 5;
        };
    }
}
