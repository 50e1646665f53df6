package org.bitfusion.gpu.soft.interpreter;

import java.util.List;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.PtxType;
import org.bitfusion.ptx.SpecialRegister;
import org.bitfusion.ptx.StateSpace;

/// Moves between registers, and addresses between state spaces.
final class MoveSteps {
    private MoveSteps() {}

    static Step decode(CodeBuilder code, Instruction instruction) {
        return switch (instruction.opcode()) {
            case MOV -> move(code, instruction);
            case CVTA -> convertAddress(code, instruction);
            case ISSPACEP -> isInSpace(code, instruction);
            case CREATEPOLICY -> {
                int d = code.destination(instruction);
                yield t -> t.registers[d] = 0;
            }
            default -> throw code.unsupported();
        };
    }

    private static Step move(CodeBuilder code, Instruction instruction) {
        PtxType type = instruction.operation().type();
        if (type == PtxType.B128) {
            throw code.unsupported();
        }
        Operand from = instruction.operand(1);
        if (instruction.operand(0) instanceof Operand.Vector parts) {
            return unpack(code, from, type, parts.elements());
        }
        int d = code.destination(instruction);
        return switch (from) {
            case Operand.Vector parts -> pack(code, d, type, parts.elements());
            case SpecialRegister special -> {
                SpecialValues.Reader reader = SpecialValues.reader(special);
                yield t -> t.registers[d] = reader.read(t);
            }
            default -> {
                int a = code.source(from, type);
                yield t -> t.registers[d] = t.registers[a];
            }
        };
    }

    private static Step pack(CodeBuilder code, int d, PtxType type, List<Operand> parts) {
        int width = type.bits() / parts.size();
        PtxType element = element(code, width);
        int[] sources = new int[parts.size()];
        for (int index = 0; index < sources.length; index++) {
            sources[index] = code.source(parts.get(index), element);
        }
        return t -> {
            long result = 0;
            for (int index = 0; index < sources.length; index++) {
                result |= Values.extend(t.registers[sources[index]], element) << (width * index);
            }
            t.registers[d] = result;
        };
    }

    private static Step unpack(CodeBuilder code, Operand from, PtxType type, List<Operand> parts) {
        int a = code.source(from, type);
        int width = type.bits() / parts.size();
        PtxType element = element(code, width);
        int[] destinations = new int[parts.size()];
        for (int index = 0; index < destinations.length; index++) {
            destinations[index] = code.destination(parts.get(index));
        }
        return t -> {
            long value = t.registers[a];
            for (int index = 0; index < destinations.length; index++) {
                t.registers[destinations[index]] =
                        Values.extend(value >>> (width * index), element);
            }
        };
    }

    private static PtxType element(CodeBuilder code, int width) {
        return switch (width) {
            case 8 -> PtxType.U8;
            case 16 -> PtxType.U16;
            case 32 -> PtxType.U32;
            default -> throw code.unsupported();
        };
    }

    private static Step convertAddress(CodeBuilder code, Instruction instruction) {
        PtxType type = instruction.operation().type();
        boolean to = instruction.operation().has(Modifier.Flag.TO);
        StateSpace space = instruction.operation().space();
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        return switch (space) {
            case SHARED ->
                    to
                            ? t -> t.registers[d] = t.registers[a] - sharedBase(t)
                            : t -> t.registers[d] = t.registers[a] + sharedBase(t);
            case LOCAL ->
                    to
                            ? t -> t.registers[d] = t.registers[a] - localBase(t)
                            : t -> t.registers[d] = t.registers[a] + localBase(t);
            default -> t -> t.registers[d] = t.registers[a];
        };
    }

    private static long sharedBase(CudaThread thread) {
        return thread.block.memory.windowBase + thread.block.slot.sharedOffset();
    }

    private static long localBase(CudaThread thread) {
        return thread.block.memory.windowBase + thread.local;
    }

    private static Step isInSpace(CodeBuilder code, Instruction instruction) {
        StateSpace space = instruction.operation().space();
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.U64);
        return t -> t.registers[d] = isInSpace(t, t.registers[a], space) ? 1 : 0;
    }

    private static boolean isInSpace(CudaThread thread, long address, StateSpace space) {
        long shared = address - sharedBase(thread);
        boolean inShared = shared >= 0 && shared < Math.max(1, thread.block.slot.sharedBytes());
        long local = address - localBase(thread);
        boolean inLocal = local >= 0 && local < thread.block.slot.localBytesPerThread();
        return switch (space) {
            case SHARED -> inShared;
            case LOCAL -> inLocal;
            case GLOBAL -> !inShared && !inLocal;
            default -> false;
        };
    }
}
