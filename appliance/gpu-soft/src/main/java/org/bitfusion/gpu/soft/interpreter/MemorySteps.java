package org.bitfusion.gpu.soft.interpreter;

import java.util.List;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// Loads and stores in every state space.
final class MemorySteps {
    private MemorySteps() {}

    static Step decode(CodeBuilder code, Instruction instruction) {
        boolean loads = instruction.opcode() != Opcode.ST;
        Operation operation = instruction.operation();
        PtxType type = operation.type();
        if (type.bits() > 64 || type == PtxType.PRED) {
            throw code.unsupported();
        }
        Operand.Address address = (Operand.Address) instruction.operand(loads ? 1 : 0);
        Operand data = instruction.operand(loads ? 0 : 1);
        Location location = code.location(address, operation.space());
        Step step =
                loads
                        ? load(code, operation, type, location, data)
                        : store(code, operation, type, location, data);
        return aligned(step, operation, location);
    }

    /// Accesses of shared memory keep the lanes of a warp in step, as programs without barriers
    /// rely on.
    static Step aligned(Step step, Operation operation, Location location) {
        return switch (operation.space()) {
            case SHARED -> aligned(step);
            case GENERIC -> {
                if (operation.semantics() == Modifier.Semantics.VOLATILE) {
                    yield aligned(step);
                }
                Step together = aligned(step);
                yield t -> (isShared(t, location) ? together : step).execute(t);
            }
            default -> step;
        };
    }

    private static boolean isShared(CudaThread thread, Location location) {
        long offset = location.offset(thread, 1) - thread.block.slot.sharedOffset();
        return offset >= 0 && offset < thread.block.slot.sharedBytes();
    }

    /// Executes `step` when the active lanes of the warp have come here.
    static Step aligned(Step step) {
        return t -> {
            if (!t.aligned) {
                t.counter--;
                t.state = CudaThread.State.AT_ALIGNMENT;
                return;
            }
            t.aligned = false;
            step.execute(t);
        };
    }

    private static int[] slots(CodeBuilder code, Operand data, boolean loads, PtxType type) {
        List<Operand> elements =
                data instanceof Operand.Vector vector ? vector.elements() : List.of(data);
        int[] slots = new int[elements.size()];
        for (int index = 0; index < slots.length; index++) {
            Operand element = elements.get(index);
            slots[index] = loads ? code.destination(element) : code.source(element, type);
        }
        return slots;
    }

    private static Step load(
            CodeBuilder code, Operation operation, PtxType type, Location location, Operand data) {
        int[] slots = slots(code, data, true, type);
        int bytes = type.bytes();
        boolean strong = operation.semantics() != Modifier.Semantics.WEAK;
        if (strong) {
            return strongLoad(type, location, slots);
        }
        if (slots.length == 1 && !type.isSigned()) {
            int d = slots[0];
            return t -> t.registers[d] = t.block.memory.load(location.offset(t, bytes), bytes);
        }
        return t -> {
            long at = location.offset(t, bytes * slots.length);
            Memory memory = t.block.memory;
            for (int slot : slots) {
                t.registers[slot] = Values.extend(memory.load(at, bytes), type);
                at += bytes;
            }
        };
    }

    private static Step strongLoad(PtxType type, Location location, int[] slots) {
        int bytes = type.bytes();
        return t -> {
            long at = location.offset(t, bytes * slots.length);
            Memory memory = t.block.memory;
            t.polled = true;
            if (slots.length == 2 && bytes == 4) {
                long both = memory.loadVolatile(at, 8);
                t.registers[slots[0]] = Values.extend(both, type);
                t.registers[slots[1]] = Values.extend(both >>> 32, type);
                return;
            }
            for (int slot : slots) {
                t.registers[slot] = Values.extend(memory.loadVolatile(at, bytes), type);
                at += bytes;
            }
        };
    }

    private static Step store(
            CodeBuilder code, Operation operation, PtxType type, Location location, Operand data) {
        int[] slots = slots(code, data, false, type);
        int bytes = type.bytes();
        boolean strong = operation.semantics() != Modifier.Semantics.WEAK;
        if (slots.length == 2 && bytes == 4 && strong) {
            return t -> {
                long at = location.offset(t, 8);
                long both = (t.registers[slots[0]] & 0xFFFF_FFFFL) | t.registers[slots[1]] << 32;
                t.block.memory.storeVolatile(at, 8, both);
            };
        }
        return t -> {
            long at = location.offset(t, bytes * slots.length);
            Memory memory = t.block.memory;
            for (int slot : slots) {
                if (strong) {
                    memory.storeVolatile(at, bytes, t.registers[slot]);
                } else {
                    memory.store(at, bytes, t.registers[slot]);
                }
                at += bytes;
            }
        };
    }
}
