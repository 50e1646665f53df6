package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.execution.KernelFault;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.PtxType;

/// `alloca`, `stacksave` and `stackrestore`: memory of a thread that grows down from the end of its
/// local memory towards the frames of its functions, and is given back when its function returns.
final class StackSteps {
    private static final int NATURAL_ALIGNMENT = 8;

    private StackSteps() {}

    static Step decode(CodeBuilder code, Instruction instruction) {
        return switch (instruction.opcode()) {
            case ALLOCA -> allocate(code, instruction);
            case STACKSAVE -> {
                int d = code.destination(instruction);
                yield t -> t.registers[d] = t.stackTop;
            }
            default -> {
                int a = code.source(instruction, 0, PtxType.U64);
                yield t -> restore(t, t.registers[a]);
            }
        };
    }

    private static Step allocate(CodeBuilder code, Instruction instruction) {
        int d = code.destination(instruction);
        int size = code.source(instruction, 1, PtxType.U64);
        int alignment =
                instruction.operandCount() == 3
                        ? code.source(instruction, 2, PtxType.U32)
                        : code.constant(NATURAL_ALIGNMENT);
        long bottom = code.frame().bytes();
        String function = code.function.name();
        return t -> {
            long bytes = t.registers[size];
            long unit = Math.max(1, t.registers[alignment]);
            long free = t.stackTop - t.frame - bottom;
            if (bytes < 0 || bytes > free || unit > free) {
                throw overflow(function);
            }
            long place = (t.stackTop - bytes) / unit * unit;
            if (place < t.frame + bottom) {
                throw overflow(function);
            }
            t.stackTop = place;
            t.registers[d] = place;
        };
    }

    private static KernelFault overflow(String function) {
        return new KernelFault(
                KernelFault.HARDWARE_STACK_ERROR, "the stack overflows in " + function);
    }

    /// Only what [CudaThread#stackTop] was before may be restored.
    private static void restore(CudaThread thread, long top) {
        if (top < thread.stackTop || top > thread.block.slot.localBytesPerThread()) {
            throw new KernelFault(
                    KernelFault.HARDWARE_STACK_ERROR, "stackrestore of 0x%x".formatted(top));
        }
        thread.stackTop = top;
    }
}
