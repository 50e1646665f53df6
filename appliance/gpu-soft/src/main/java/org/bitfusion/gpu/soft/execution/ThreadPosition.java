package org.bitfusion.gpu.soft.execution;

/// Which thread of a grid: `%ctaid` and `%tid`.
public record ThreadPosition(
        int blockX, int blockY, int blockZ, int threadX, int threadY, int threadZ) {
    /// As CUDA writes it.
    @Override
    public String toString() {
        return "block: [%d,%d,%d], thread: [%d,%d,%d]"
                .formatted(blockX, blockY, blockZ, threadX, threadY, threadZ);
    }
}
