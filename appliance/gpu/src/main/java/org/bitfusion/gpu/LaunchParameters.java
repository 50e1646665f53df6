package org.bitfusion.gpu;

/// One launch of a kernel.
///
/// @param dynamicSharedBytes shared memory behind the kernel's own
/// @param cooperative all blocks are resident together and may wait for each other
/// @param clusterX 0 or 1 means no clusters
/// @param packed the parameters at the offsets that the kernel's layout gives; never changed
@SuppressWarnings("ArrayRecordComponent") // on the hot path: neither copied nor compared
public record LaunchParameters(
        int gridX,
        int gridY,
        int gridZ,
        int blockX,
        int blockY,
        int blockZ,
        int dynamicSharedBytes,
        boolean cooperative,
        int clusterX,
        int clusterY,
        int clusterZ,
        byte[] packed) {
    /// A plain launch in one dimension.
    public static LaunchParameters linear(int blocks, int threads, byte[] packed) {
        return new LaunchParameters(blocks, 1, 1, threads, 1, 1, 0, false, 1, 1, 1, packed);
    }
}
