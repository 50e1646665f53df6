package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.CodeBuilder;
import org.bitfusion.gpu.soft.arithmetic.Integers;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.PtxType;

/// Extended-precision arithmetic: operations that read or write the carry flag, a register of its
/// own here.
final class CarryEmitter {
    private CarryEmitter() {}

    static void emit(Code code, Instruction instruction) {
        Opcode opcode = instruction.opcode();
        PtxType type = instruction.operation().type();
        ValueKind kind = ValueKind.of(type);
        boolean reads = opcode == Opcode.ADDC || opcode == Opcode.SUBC || opcode == Opcode.MADC;
        boolean subtracts = opcode == Opcode.SUB || opcode == Opcode.SUBC;
        int left = code.locals().allocate(kind);
        int right = code.locals().allocate(kind);
        if (opcode == Opcode.MAD || opcode == Opcode.MADC) {
            pushProduct(code, instruction, type);
            code.save(kind, left);
            pushInto(code, instruction.operand(3), type, right);
        } else {
            pushInto(code, instruction.operand(1), type, left);
            pushInto(code, instruction.operand(2), type, right);
        }
        int carry = code.locals().allocate(ValueKind.INT);
        if (reads) {
            code.builder().iload(code.slotOf(code.kernel().use().carry()));
        } else {
            code.builder().iconst_0();
        }
        code.builder().istore(carry);
        if (instruction.operation().has(Modifier.Flag.CC)) {
            code.load(kind, left);
            code.load(kind, right);
            code.builder().iload(carry);
            Class<?> value = MemoryEmitter.valueClass(kind);
            String name = subtracts ? "borrowOfSub" : "carryOfAdd";
            code.call(Integers.class, name, int.class, value, value, int.class);
            code.builder().istore(code.slotOf(code.kernel().use().carry()));
        }
        code.load(kind, left);
        code.load(kind, right);
        pushSum(code, kind, subtracts);
        code.builder().iload(carry);
        code.widen(ValueKind.INT, kind, false);
        pushSum(code, kind, subtracts);
        code.store(instruction.operand(0), type);
    }

    private static void pushInto(Code code, Operand operand, PtxType type, int slot) {
        code.push(operand, type);
        code.save(ValueKind.of(type), slot);
    }

    private static void pushProduct(Code code, Instruction instruction, PtxType type) {
        boolean wide = type.bits() == 64;
        Class<?> value = wide ? long.class : int.class;
        code.push(instruction.operand(1), type);
        code.push(instruction.operand(2), type);
        if (instruction.operation().has(Modifier.Part.HI)) {
            String name = type.isSigned() ? "mulHighSigned" : "mulHighUnsigned";
            code.call(Integers.class, name, value, value, value);
        } else if (wide) {
            code.builder().lmul();
        } else {
            code.builder().imul();
        }
    }

    private static void pushSum(Code code, ValueKind kind, boolean subtracts) {
        CodeBuilder builder = code.builder();
        if (kind == ValueKind.LONG) {
            if (subtracts) {
                builder.lsub();
            } else {
                builder.ladd();
            }
        } else if (subtracts) {
            builder.isub();
        } else {
            builder.iadd();
        }
    }
}
