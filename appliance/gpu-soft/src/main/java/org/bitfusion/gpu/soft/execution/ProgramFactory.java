package org.bitfusion.gpu.soft.execution;

import java.lang.foreign.MemorySegment;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.PtxModule;

/// One way to execute kernels. Called once per kernel, at its first launch; thread-safe.
public interface ProgramFactory {
    /// Short name for settings and logs.
    String name();

    /// Makes a kernel ready for launches.
    ///
    /// @param source what to execute and the memory in which it will run
    Preparation prepare(Source source);

    /// A kernel, and the memory that all its launches will use: constants to generated code.
    ///
    /// @param memory the segment of every [LaunchContext] that the program will get
    /// @param windowBase the generic address of the segment's first byte
    record Source(PtxModule module, PtxFunction kernel, MemorySegment memory, long windowBase) {}

    /// What became of a kernel.
    sealed interface Preparation {
        /// It can run.
        record Ready(KernelProgram program) implements Preparation {}

        /// This way cannot execute it, another may; the reason goes to the log.
        record Declined(String reason) implements Preparation {}

        /// The kernel is malformed, or uses an instruction that nothing here executes: the launch
        /// fails with INVALID_PTX.
        record Invalid(String reason) implements Preparation {}
    }
}
