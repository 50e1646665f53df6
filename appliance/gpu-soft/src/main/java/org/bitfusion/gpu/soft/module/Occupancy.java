package org.bitfusion.gpu.soft.module;

/// How many blocks a multiprocessor of compute capability 8.0 holds (CUDA programming guide,
/// compute capabilities, and the rules of NVIDIA's occupancy calculator).
public final class Occupancy {
    public static final int WARP = 32;
    public static final int MAXIMUM_THREADS_PER_BLOCK = 1024;
    public static final int SHARED_PER_BLOCK = 48 << 10;
    public static final int SHARED_PER_BLOCK_OPT_IN = 163 << 10;
    public static final int LOCAL_PER_THREAD = 512 << 10;

    private static final int WARPS_PER_MULTIPROCESSOR = 64;
    private static final int BLOCKS_PER_MULTIPROCESSOR = 32;
    private static final int REGISTERS_PER_MULTIPROCESSOR = 65536;
    private static final int REGISTER_UNIT = 256;
    private static final int SHARED_PER_MULTIPROCESSOR = 164 << 10;
    private static final int SHARED_RESERVED_PER_BLOCK = 1 << 10;
    private static final int SHARED_UNIT = 128;

    private Occupancy() {}

    /// Blocks of `threads` threads with `sharedBytes` of shared memory each; 0 when not even one
    /// fits.
    public static int blocks(int threads, long sharedBytes, int registersPerThread) {
        if (threads <= 0
                || threads > MAXIMUM_THREADS_PER_BLOCK
                || sharedBytes < 0
                || sharedBytes > SHARED_PER_BLOCK_OPT_IN) {
            return 0;
        }
        int warps = (threads + WARP - 1) / WARP;
        int registersPerWarp =
                (registersPerThread * WARP + REGISTER_UNIT - 1) / REGISTER_UNIT * REGISTER_UNIT;
        int byWarps = WARPS_PER_MULTIPROCESSOR / warps;
        int byRegisters = REGISTERS_PER_MULTIPROCESSOR / registersPerWarp / warps;
        long shared =
                (sharedBytes + SHARED_RESERVED_PER_BLOCK + SHARED_UNIT - 1)
                        / SHARED_UNIT
                        * SHARED_UNIT;
        long byShared = SHARED_PER_MULTIPROCESSOR / shared;
        return (int)
                Math.min(
                        Math.min(byWarps, byRegisters),
                        Math.min(byShared, BLOCKS_PER_MULTIPROCESSOR));
    }
}
