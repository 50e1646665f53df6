package org.bitfusion.gpu.soft.interpreter;

import java.lang.invoke.VarHandle;
import java.util.List;
import org.bitfusion.gpu.soft.execution.KernelFault;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;
import org.jspecify.annotations.Nullable;

/// Branches, calls, ends, barriers and fences.
final class ControlSteps {
    private ControlSteps() {}

    static Step decode(CodeBuilder code, Instruction instruction) {
        return switch (instruction.opcode()) {
            case BRA -> branch(code, instruction);
            case BRX -> indexedBranch(code, instruction);
            case CALL -> CallSite.decode(code, instruction);
            case RET -> CudaThread::leave;
            case EXIT -> CudaThread::exit;
            case TRAP -> ControlSteps::trap;
            case MEMBAR, FENCE -> t -> VarHandle.fullFence();
            case NANOSLEEP -> ControlSteps::sleep;
            case BAR -> barrier(code, instruction);
            case BRKPT, PMEVENT, GRIDDEPCONTROL, PREFETCH, PREFETCHU, DISCARD, APPLYPRIORITY ->
                    t -> {};
            default -> throw code.unsupported();
        };
    }

    /// CUDA reports a trap as an unspecified launch failure.
    private static void trap(CudaThread thread) {
        throw new KernelFault(KernelFault.LAUNCH_FAILED, "trap");
    }

    private static void sleep(CudaThread thread) {
        thread.polled = true;
        thread.gaveUp = true;
    }

    private static Step branch(CodeBuilder code, Instruction instruction) {
        int target = ((Operand.Label) instruction.operand(0)).target();
        int[] starts = code.starts();
        return t -> t.counter = starts[target];
    }

    private static Step indexedBranch(CodeBuilder code, Instruction instruction) {
        int a = code.source(instruction, 0, PtxType.U32);
        if (!(instruction.operand(1) instanceof Operand.BranchTargets table)) {
            throw code.unsupported();
        }
        int[] targets = table.labels().stream().mapToInt(Operand.Label::target).toArray();
        int[] starts = code.starts();
        return t -> {
            int index = (int) t.registers[a];
            if (index < 0 || index >= targets.length) {
                throw new KernelFault(KernelFault.INVALID_PC, "branch index " + index);
            }
            t.counter = starts[targets[index]];
        };
    }

    private static Step barrier(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        if (operation.has(Modifier.Flag.WARP)) {
            return WarpSteps.barrier(code, instruction);
        }
        Modifier.Barrier mode =
                operation.modifier(Modifier.Barrier.class).orElseThrow(code::unsupported);
        List<Operand> operands = instruction.operands();
        return switch (mode) {
            case SYNC -> arrival(code, operands, true);
            case ARRIVE -> arrival(code, operands, false);
            case RED -> reduction(code, instruction);
        };
    }

    private static Step arrival(CodeBuilder code, List<Operand> operands, boolean waits) {
        int number = code.source(operands.get(0), PtxType.U32);
        int count = operands.size() > 1 ? code.source(operands.get(1), PtxType.U32) : -1;
        return t -> arrive(t, number, count, waits, null, false, -1);
    }

    private static Step reduction(CodeBuilder code, Instruction instruction) {
        Modifier.Reduction kind =
                instruction
                        .operation()
                        .modifier(Modifier.Reduction.class)
                        .orElseThrow(code::unsupported);
        int operands = instruction.operandCount();
        if (operands < 3) {
            throw code.unsupported();
        }
        int d = code.destination(instruction);
        int number = code.source(instruction, 1, PtxType.U32);
        int count = operands > 3 ? code.source(instruction, 2, PtxType.U32) : -1;
        int predicate = code.source(instruction, operands - 1, PtxType.PRED);
        return t -> arrive(t, number, count, true, kind, (t.registers[predicate] & 1) != 0, d);
    }

    private static void arrive(
            CudaThread thread,
            int number,
            int count,
            boolean waits,
            Modifier.@Nullable Reduction reduction,
            boolean predicate,
            int result) {
        int barrier = (int) thread.registers[number];
        if (barrier < 0 || barrier >= Barriers.COUNT) {
            throw new KernelFault(KernelFault.ILLEGAL_INSTRUCTION, "barrier " + barrier);
        }
        int expected = count < 0 ? 0 : (int) thread.registers[count];
        thread.block
                .barriers()
                .arrive(thread, barrier, expected, waits, reduction, predicate, result);
    }
}
