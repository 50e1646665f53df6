package org.bitfusion.gpu.soft.interpreter;

import java.util.List;
import org.bitfusion.gpu.soft.execution.LaunchContext;
import org.bitfusion.gpu.soft.execution.RegisterInstruction;
import org.bitfusion.ptx.PtxException;
import org.bitfusion.ptx.PtxModule;
import org.bitfusion.ptx.PtxParser;
import org.bitfusion.ptx.Register;

/// One instruction from registers to registers, decoded alone: what the compiler calls for those
/// that it has no code of its own for. It must neither access memory nor move control, nor depend
/// on which thread executes it.
public final class SingleInstruction implements RegisterInstruction {
    private static final String HEAD =
            ".version 8.8\n.target sm_120a\n.address_size 64\n.visible .entry single() {\n";

    private final InterpretedKernel kernel;
    private final int[] sources;
    private final int[] results;

    private SingleInstruction(InterpretedKernel kernel, int[] sources, int[] results) {
        this.kernel = kernel;
        this.sources = sources;
        this.results = results;
    }

    /// Decodes an instruction.
    ///
    /// @param text declarations of the registers named, then the instruction
    /// @param sources names of the registers that it reads
    /// @param results names of those that it writes
    /// @throws PtxException when the interpreter does not know it either
    public static SingleInstruction of(String text, List<String> sources, List<String> results) {
        PtxModule module = PtxParser.parse(HEAD + text + "\nret;\n}\n");
        InterpretedKernel kernel = InterpretedKernel.of(module, module.kernels().getFirst());
        List<Register> registers = kernel.entry().function().body().registers();
        return new SingleInstruction(kernel, slots(registers, sources), slots(registers, results));
    }

    private static int[] slots(List<Register> registers, List<String> names) {
        return names.stream()
                .mapToInt(name ->
                        registers.stream()
                                .filter(register -> register.name().equals(name))
                                .findFirst()
                                .orElseThrow()
                                .number())
                .toArray();
    }

    @Override
    public Execution prepare(LaunchContext launch) {
        return new Steps(this, launch);
    }

    private static final class Steps implements Execution {
        private final int[] sources;
        private final int[] results;
        private final Step[] steps;
        private final CudaThread thread;

        private Steps(SingleInstruction instruction, LaunchContext launch) {
            this.sources = instruction.sources;
            this.results = instruction.results;
            Code code = instruction.kernel.entry();
            // The last two leave the kernel: the return of the text, and the end of the code.
            this.steps = code.steps().subList(0, code.steps().size() - 2).toArray(new Step[0]);
            BlockRun block = new BlockRun(instruction.kernel, launch);
            this.thread = new CudaThread(block, new Warp(0), 0, new int[3], code, 0);
        }

        @Override
        public long execute(long first, long second, long third, long fourth) {
            long[] registers = thread.registers;
            int count = sources.length;
            if (count > 0) {
                registers[sources[0]] = first;
            }
            if (count > 1) {
                registers[sources[1]] = second;
            }
            if (count > 2) {
                registers[sources[2]] = third;
            }
            if (count > 3) {
                registers[sources[3]] = fourth;
            }
            for (Step step : steps) {
                step.execute(thread);
            }
            return registers[results[0]];
        }

        @Override
        public long result(int index) {
            return thread.registers[results[index]];
        }
    }
}
