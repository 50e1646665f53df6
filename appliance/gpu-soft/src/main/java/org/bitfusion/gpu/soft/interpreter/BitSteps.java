package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.arithmetic.Bits;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// Logic, shifts, bit fields and byte permutation.
final class BitSteps {
    private BitSteps() {}

    static Step decode(CodeBuilder code, Instruction instruction) {
        PtxType type = instruction.operation().type();
        return switch (instruction.opcode()) {
            case AND, OR, XOR -> logic(code, instruction, type);
            case NOT -> not(code, instruction, type);
            case CNOT -> isZero(code, instruction, type);
            case LOP3 -> lookup(code, instruction);
            case SHL, SHR -> shift(code, instruction, type);
            case SHF -> funnel(code, instruction);
            case BREV -> reverse(code, instruction, type);
            case BFE -> extract(code, instruction, type);
            case BFI -> insert(code, instruction, type);
            case SZEXT, BMSK -> mask(code, instruction, type);
            case FNS -> findNth(code, instruction);
            case PRMT -> permute(code, instruction);
            default -> throw code.unsupported();
        };
    }

    private static Step logic(CodeBuilder code, Instruction instruction, PtxType type) {
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, type);
        return switch (instruction.opcode()) {
            case AND -> t -> t.registers[d] = t.registers[a] & t.registers[b];
            case OR -> t -> t.registers[d] = t.registers[a] | t.registers[b];
            default -> t -> t.registers[d] = t.registers[a] ^ t.registers[b];
        };
    }

    private static Step not(CodeBuilder code, Instruction instruction, PtxType type) {
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        long flipped = type == PtxType.PRED ? 1 : -1;
        return t -> t.registers[d] = t.registers[a] ^ flipped;
    }

    private static Step isZero(CodeBuilder code, Instruction instruction, PtxType type) {
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        return t -> t.registers[d] = Values.extend(t.registers[a], type) == 0 ? 1 : 0;
    }

    private static Step lookup(CodeBuilder code, Instruction instruction) {
        if (instruction.operand(0) instanceof Operand.Pair pair) {
            return lookupToPredicate(code, instruction, pair);
        }
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.B32);
        int b = code.source(instruction, 2, PtxType.B32);
        int c = code.source(instruction, 3, PtxType.B32);
        int table = code.source(instruction, 4, PtxType.B32);
        return t -> {
            long[] r = t.registers;
            r[d] = Bits.lop3((int) r[a], (int) r[b], (int) r[c], (int) r[table]);
        };
    }

    /// `lop3.or.b32 d|p, a, b, c, table, q`: p says whether d is not zero, combined with q.
    private static Step lookupToPredicate(
            CodeBuilder code, Instruction instruction, Operand.Pair pair) {
        int d = code.destination(pair.first());
        int p = code.destination(pair.second());
        int a = code.source(instruction, 1, PtxType.B32);
        int b = code.source(instruction, 2, PtxType.B32);
        int c = code.source(instruction, 3, PtxType.B32);
        int table = code.source(instruction, 4, PtxType.B32);
        int q = code.source(instruction, 5, PtxType.PRED);
        Modifier.Combination combination =
                instruction.operation().modifier(Modifier.Combination.class).orElseThrow();
        return t -> {
            long[] r = t.registers;
            int bits = Bits.lop3((int) r[a], (int) r[b], (int) r[c], (int) r[table]);
            long truth = bits != 0 ? 1 : 0;
            long other = r[q];
            r[d] = bits;
            r[p] =
                    switch (combination) {
                        case AND -> truth & other;
                        case OR -> truth | other;
                        case XOR -> truth ^ other;
                    };
        };
    }

    private static Step shift(CodeBuilder code, Instruction instruction, PtxType type) {
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, PtxType.U32);
        int bits = type.bits();
        if (instruction.opcode() == org.bitfusion.ptx.Opcode.SHL) {
            return t -> {
                long[] r = t.registers;
                r[d] = Bits.shl(r[a], (int) r[b]);
            };
        }
        if (type.isSigned()) {
            return t -> {
                long[] r = t.registers;
                r[d] = Bits.shrSigned(Values.extend(r[a], type), (int) r[b]);
            };
        }
        PtxType unsigned =
                switch (bits) {
                    case 16 -> PtxType.U16;
                    case 32 -> PtxType.U32;
                    default -> PtxType.U64;
                };
        return t -> {
            long[] r = t.registers;
            r[d] = Bits.shrUnsigned(Values.extend(r[a], unsigned), (int) r[b]);
        };
    }

    private static boolean wraps(Operation operation) {
        return operation.has(Modifier.CountMode.WRAP);
    }

    private static Step funnel(CodeBuilder code, Instruction instruction) {
        boolean left = instruction.operation().has(Modifier.Direction.L);
        boolean wrap = wraps(instruction.operation());
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.B32);
        int b = code.source(instruction, 2, PtxType.B32);
        int c = code.source(instruction, 3, PtxType.B32);
        return t -> {
            long[] r = t.registers;
            r[d] =
                    left
                            ? Bits.funnelLeft((int) r[a], (int) r[b], (int) r[c], wrap)
                            : Bits.funnelRight((int) r[a], (int) r[b], (int) r[c], wrap);
        };
    }

    private static Step reverse(CodeBuilder code, Instruction instruction, PtxType type) {
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        return type.bits() == 64
                ? t -> t.registers[d] = Long.reverse(t.registers[a])
                : t -> t.registers[d] = Integer.reverse((int) t.registers[a]);
    }

    private static Step extract(CodeBuilder code, Instruction instruction, PtxType type) {
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, PtxType.U32);
        int c = code.source(instruction, 3, PtxType.U32);
        return switch (type) {
            case S32 ->
                    t -> {
                        long[] r = t.registers;
                        r[d] = Bits.bfeSigned((int) r[a], (int) r[b], (int) r[c]);
                    };
            case S64 ->
                    t -> {
                        long[] r = t.registers;
                        r[d] = Bits.bfeSigned(r[a], (int) r[b], (int) r[c]);
                    };
            case U64 ->
                    t -> {
                        long[] r = t.registers;
                        r[d] = Bits.bfeUnsigned(r[a], (int) r[b], (int) r[c]);
                    };
            default ->
                    t -> {
                        long[] r = t.registers;
                        r[d] = Bits.bfeUnsigned((int) r[a], (int) r[b], (int) r[c]);
                    };
        };
    }

    private static Step insert(CodeBuilder code, Instruction instruction, PtxType type) {
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, type);
        int position = code.source(instruction, 3, PtxType.U32);
        int length = code.source(instruction, 4, PtxType.U32);
        boolean wide = type.bits() == 64;
        return t -> {
            long[] r = t.registers;
            r[d] =
                    wide
                            ? Bits.bfi(r[a], r[b], (int) r[position], (int) r[length])
                            : Bits.bfi((int) r[a], (int) r[b], (int) r[position], (int) r[length]);
        };
    }

    private static Step mask(CodeBuilder code, Instruction instruction, PtxType type) {
        boolean wrap = wraps(instruction.operation());
        boolean extends_ = instruction.opcode() == org.bitfusion.ptx.Opcode.SZEXT;
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.U32);
        int b = code.source(instruction, 2, PtxType.U32);
        return t -> {
            int x = (int) t.registers[a];
            int y = (int) t.registers[b];
            t.registers[d] =
                    extends_ ? Bits.szext(x, y, wrap, type.isSigned()) : Bits.bmsk(x, y, wrap);
        };
    }

    private static Step findNth(CodeBuilder code, Instruction instruction) {
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.U32);
        int b = code.source(instruction, 2, PtxType.U32);
        int c = code.source(instruction, 3, PtxType.S32);
        return t -> {
            long[] r = t.registers;
            r[d] = Bits.fns((int) r[a], (int) r[b], (int) r[c]);
        };
    }

    private static Step permute(CodeBuilder code, Instruction instruction) {
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.B32);
        int b = code.source(instruction, 2, PtxType.B32);
        int c = code.source(instruction, 3, PtxType.B32);
        int mode =
                instruction
                        .operation()
                        .modifier(Modifier.Permutation.class)
                        .map(BitSteps::modeNumber)
                        .orElse(-1);
        return t -> {
            long[] r = t.registers;
            int selector = mode < 0 ? (int) r[c] : Bits.prmtSelector(mode, (int) r[c]);
            r[d] = Bits.prmt((int) r[a], (int) r[b], selector);
        };
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
