package org.bitfusion.gpu.soft.compiler.emission;

import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;
import org.bitfusion.gpu.soft.compiler.runtime.Atomics;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// atom, red.
final class AtomicEmitter {
    private AtomicEmitter() {}

    static void emit(Code code, AccessPlan plan, Instruction instruction) {
        Operation operation = instruction.operation();
        if (operation.vectorWidth() != 1 || operation.type().bits() > 64) {
            throw new Declined(operation.form());
        }
        boolean reduction = instruction.opcode() == Opcode.RED;
        int value = reduction ? 1 : 2;
        Modifier.Reduction change =
                operation
                        .modifier(Modifier.Reduction.class)
                        .orElseThrow(() -> new Declined(operation.form()));
        PtxType type = carrier(operation.type());
        Class<?> kind = MemoryEmitter.valueClass(type);
        Addresses.push(code, plan, instruction);
        code.push(instruction.operand(value), type);
        switch (change) {
            case CAS -> {
                code.push(instruction.operand(value + 1), type);
                boolean half = type.bits() == 16;
                code.call(Atomics.class, half ? "casHalf" : "cas", kind, long.class, kind, kind);
            }
            case ADD -> add(code, operation.type(), kind);
            case MIN, MAX -> {
                requireInteger(operation);
                String name = change.text() + (type.isSigned() ? "Signed" : "Unsigned");
                code.call(Atomics.class, name, kind, long.class, kind);
            }
            case EXCH, AND, OR, XOR, INC, DEC -> {
                if (type.bits() < 32) {
                    throw new Declined(operation.form());
                }
                code.call(Atomics.class, change.text(), kind, long.class, kind);
            }
            case POPC -> throw new Declined(operation.form());
        }
        code.store(reduction ? new Operand.Sink() : instruction.operand(0), type);
    }

    /// Exchanged bits travel as integers.
    private static PtxType carrier(PtxType type) {
        return switch (type) {
            case F16X2, BF16X2 -> PtxType.B32;
            default -> type;
        };
    }

    private static void requireInteger(Operation operation) {
        if (!operation.type().isInteger()) {
            throw new Declined(operation.form());
        }
    }

    private static void add(Code code, PtxType type, Class<?> kind) {
        switch (type) {
            case F16, BF16 -> {
                code.builder().loadConstant(type == PtxType.BF16 ? 1 : 0);
                code.call(
                        Atomics.class, "addHalf", int.class, long.class, int.class, boolean.class);
            }
            case F16X2, BF16X2 -> {
                code.builder().loadConstant(type == PtxType.BF16X2 ? 1 : 0);
                code.call(
                        Atomics.class,
                        "addPacked",
                        int.class,
                        long.class,
                        int.class,
                        boolean.class);
            }
            default -> {
                if (ValueKind.of(type) == ValueKind.INT && type.bits() < 32) {
                    throw new Declined("atomic add of " + type.text());
                }
                code.call(Atomics.class, "add", kind, long.class, kind);
            }
        }
    }
}
