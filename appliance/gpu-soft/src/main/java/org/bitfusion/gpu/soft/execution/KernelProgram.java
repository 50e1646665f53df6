package org.bitfusion.gpu.soft.execution;

/// A kernel of a module made ready for launches by one executor. Immutable; shared by all cores.
public interface KernelProgram {
    /// A runner for one resident block slot; reusable for many blocks of the same launch, by one
    /// core at a time.
    BlockExecutor newBlockExecutor(LaunchContext launch);

    /// Bytes of static shared memory; the launch's dynamic shared memory starts at
    /// [#dynamicSharedOffset()].
    long staticSharedBytes();

    /// Where dynamic shared memory starts in a block's shared memory.
    long dynamicSharedOffset();

    /// Bytes of local memory that each thread of a block needs (frames of all functions in a chain
    /// of calls).
    ///
    /// @param stackLimit the context's stack size per thread: what recursion and function pointers
    ///   may use on top of the kernel's own frame
    long localBytesPerThread(long stackLimit);
}
