package org.bitfusion.gpu.soft.interpreter;

import java.util.List;
import org.bitfusion.gpu.soft.execution.BlockMemory;
import org.bitfusion.gpu.soft.execution.LaunchContext;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.Variable;

/// A decoded function.
///
/// @param steps what to execute
/// @param origins for each step the instruction it came from
/// @param registerCount registers, then constants, then temporaries
/// @param constants what fills the slots after the registers when a frame is made
/// @param frame where a call's memory lies in the thread's local memory
record Code(
        PtxFunction function,
        List<Step> steps,
        List<Instruction> origins,
        int registerCount,
        List<Constant> constants,
        FrameLayout frame) {

    /// A slot with a value that is known when the launch is.
    sealed interface Constant {
        int slot();
    }

    record Bits(int slot, long bits) implements Constant {}

    /// Address of a module-level variable, in its own state space.
    record VariableAddress(int slot, Variable variable, long offset) implements Constant {}

    /// Address of a shared variable, relative to the block's shared memory.
    record SharedAddress(int slot, long address) implements Constant {}

    /// Address of a kernel parameter.
    record ParameterAddress(int slot, long offset) implements Constant {}

    /// The initial registers of a frame in this launch.
    long[] template(LaunchContext launch) {
        long[] registers = new long[registerCount];
        for (Constant constant : constants) {
            registers[constant.slot()] =
                    switch (constant) {
                        case Bits bits -> bits.bits();
                        case VariableAddress address ->
                                launch.addressOf(address.variable()) + address.offset();
                        case SharedAddress address -> address.address();
                        case ParameterAddress address ->
                                launch.windowBase() + launch.parameterOffset() + address.offset();
                    };
        }
        return registers;
    }

    /// Offsets of a function's areas from its frame: its parameters, its results, its local
    /// variables, then the .param variables of calls that it makes.
    record FrameLayout(long results, long locals, long calls, long bytes) {
        static FrameLayout of(PtxFunction function, long localBytes, int alignment, long calls) {
            long unit = Math.max(16, alignment);
            long results = function.isKernel() ? 0 : align(function.parameterBytes(), unit);
            long locals = function.isKernel() ? 0 : align(results + function.resultBytes(), unit);
            long callStart = align(locals + localBytes, unit);
            long bytes = Math.max(unit, align(callStart + calls, unit));
            return new FrameLayout(results, locals, callStart, bytes);
        }

        private static long align(long offset, long unit) {
            return (offset + unit - 1) / unit * unit;
        }
    }

    /// Where this slot's thread `linear` has its local memory.
    static long localOffset(BlockMemory memory, int linear) {
        return memory.localOffset() + linear * memory.localBytesPerThread();
    }
}
