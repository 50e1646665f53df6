package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.arithmetic.Integers;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.PtxType;

/// Extended-precision arithmetic through the carry flag.
final class CarrySteps {
    private CarrySteps() {}

    static Step decode(CodeBuilder code, Instruction instruction) {
        return switch (instruction.opcode()) {
            case ADD, ADDC -> sum(code, instruction, true);
            case SUB, SUBC -> sum(code, instruction, false);
            case MAD, MADC -> multiplyAdd(code, instruction);
            default -> throw code.unsupported();
        };
    }

    private static Step sum(CodeBuilder code, Instruction instruction, boolean adds) {
        PtxType type = instruction.operation().type();
        boolean wide = type.bits() == 64;
        boolean writes = instruction.operation().has(Modifier.Flag.CC);
        boolean reads = instruction.opcode() == Opcode.ADDC || instruction.opcode() == Opcode.SUBC;
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, type);
        return t -> {
            long x = t.registers[a];
            long y = t.registers[b];
            int carry = reads ? t.carry : 0;
            t.registers[d] = adds ? x + y + carry : x - y - carry;
            if (writes) {
                t.carry = adds ? carryOut(x, y, carry, wide) : borrowOut(x, y, carry, wide);
            }
        };
    }

    private static Step multiplyAdd(CodeBuilder code, Instruction instruction) {
        PtxType type = instruction.operation().type();
        boolean wide = type.bits() == 64;
        boolean writes = instruction.operation().has(Modifier.Flag.CC);
        boolean reads = instruction.opcode() == Opcode.MADC;
        IntegerSteps.Binary product =
                IntegerSteps.product(type, IntegerSteps.part(instruction.operation()));
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = code.source(instruction, 2, type);
        int c = code.source(instruction, 3, type);
        return t -> {
            long[] r = t.registers;
            long x = product.apply(Values.extend(r[a], type), Values.extend(r[b], type));
            long y = r[c];
            int carry = reads ? t.carry : 0;
            r[d] = x + y + carry;
            if (writes) {
                t.carry = carryOut(x, y, carry, wide);
            }
        };
    }

    private static int carryOut(long x, long y, int carry, boolean wide) {
        return wide
                ? Integers.carryOfAdd(x, y, carry)
                : Integers.carryOfAdd((int) x, (int) y, carry);
    }

    private static int borrowOut(long x, long y, int borrow, boolean wide) {
        return wide
                ? Integers.borrowOfSub(x, y, borrow)
                : Integers.borrowOfSub((int) x, (int) y, borrow);
    }
}
