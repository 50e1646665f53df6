package org.bitfusion.gpu.soft.execution;

/// Where one resident block's private memory lies: offsets in the launch's segment.
///
/// @param sharedOffset first byte of shared memory (static, then dynamic); 2 MiB aligned
/// @param sharedBytes bytes of shared memory that the block may touch
/// @param localOffset first byte of local memory: thread t (linear in the block) has `[localOffset
///   + t * localBytesPerThread, …)`
/// @param localBytesPerThread at least what the program asked for; a multiple of 16
public record BlockMemory(
        long sharedOffset, long sharedBytes, long localOffset, long localBytesPerThread) {}
