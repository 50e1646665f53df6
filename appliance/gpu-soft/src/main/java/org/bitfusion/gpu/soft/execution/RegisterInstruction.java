package org.bitfusion.gpu.soft.execution;

import java.util.List;
import org.bitfusion.ptx.PtxException;

/// One instruction from registers to registers, decoded alone: what an executor that has no code of
/// its own for it borrows from another one.
public interface RegisterInstruction {
    /// Who decodes them.
    interface Decoder {
        /// @param text declarations of the registers named, then the instruction
        /// @param sources names of the registers that it reads
        /// @param results names of those that it writes
        /// @throws PtxException when the instruction is not known here either
        RegisterInstruction decode(String text, List<String> sources, List<String> results);
    }

    /// Registers to execute it on in one launch.
    Execution prepare(LaunchContext launch);

    /// Registers and steps; used by one core at a time.
    interface Execution {
        /// The bits of the first result; sources beyond those that the instruction has are ignored.
        long execute(long first, long second, long third, long fourth);

        /// Another result of the last execution.
        long result(int index);
    }
}
