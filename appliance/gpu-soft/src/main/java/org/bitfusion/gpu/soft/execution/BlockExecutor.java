package org.bitfusion.gpu.soft.execution;

/// Runs one block at a time. Not thread-safe: one core at a time uses it, with a happens-before
/// between cores.
public interface BlockExecutor {
    /// Begins a block; the state of an earlier one is forgotten.
    ///
    /// @param memory where this slot's shared and local memory lie
    void start(int blockX, int blockY, int blockZ, BlockMemory memory);

    /// Runs until the block is finished, or until it can only wait for other blocks or the host.
    ///
    /// @throws KernelFault when the kernel fails: the whole launch ends and the context keeps the
    ///   error
    BlockState run();
}
