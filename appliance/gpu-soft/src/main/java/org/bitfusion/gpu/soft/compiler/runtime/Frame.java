package org.bitfusion.gpu.soft.compiler.runtime;

import org.bitfusion.gpu.soft.execution.BlockMemory;
import org.bitfusion.gpu.soft.execution.DeviceServices;
import org.bitfusion.gpu.soft.execution.Dimensions;
import org.bitfusion.gpu.soft.execution.LaunchContext;
import org.bitfusion.gpu.soft.execution.RegisterInstruction;

/// The state of one block: what its threads keep between regions, one array per value, indexed by
/// thread; and what is the same for all of them. Public fields, as generated code reads them.
public final class Frame {
    /// Added to the entry in [#resume] when the thread may go on.
    public static final int RELEASED = 1 << 30;

    /// Where each thread goes on; 0 when it has exited. Unused by kernels whose threads always stay
    /// together.
    public final int[] resume;

    public final int[][] ints;
    public final long[][] longs;
    public final float[][] floats;
    public final double[][] doubles;

    /// `%tid`.
    public final int[] threadX;

    public final int[] threadY;
    public final int[] threadZ;

    /// What a thread brings to the cut at which it waits, and what it gets there.
    public final int[] first;

    public final int[] second;
    public final int[] third;
    public final int[] members;
    public final long[] wide;
    public final int[] result;
    public final int[] predicate;

    public final int threads;
    public final int ntidX;
    public final int ntidY;
    public final int ntidZ;
    public final int nctaidX;
    public final int nctaidY;
    public final int nctaidZ;
    public int ctaidX;
    public int ctaidY;
    public int ctaidZ;

    /// Native address of the segment's first byte.
    public final long nativeBase;

    /// Generic address of the segment's first byte.
    public final long windowBase;

    /// Native address of the kernel's parameters.
    public final long parameters;

    public final int dynamicSharedBytes;

    /// Native address of this block's shared memory.
    public long shared;

    public int sharedBytes;

    /// Native address of thread 0's local memory, and the distance to the next thread's.
    public long local;

    public long localStride;

    /// Generic addresses of the module's variables that the kernel names.
    public final long[] symbols;

    public final DeviceServices services;
    public final LaunchContext launch;

    /// Instructions that generated code leaves to the interpreter's steps.
    final RegisterInstruction.Execution[] bridged;

    public Frame(
            LaunchContext launch,
            Shape shape,
            long[] symbols,
            RegisterInstruction.Execution[] bridged) {
        Dimensions block = launch.block();
        this.launch = launch;
        this.services = launch.services();
        this.symbols = symbols;
        this.bridged = bridged;
        threads = Math.toIntExact(block.count());
        resume = new int[threads];
        ints = new int[shape.ints()][threads];
        longs = new long[shape.longs()][threads];
        floats = new float[shape.floats()][threads];
        doubles = new double[shape.doubles()][threads];
        threadX = new int[threads];
        threadY = new int[threads];
        threadZ = new int[threads];
        int exchange = shape.exchanges() ? threads : 0;
        first = new int[exchange];
        second = new int[exchange];
        third = new int[exchange];
        members = new int[exchange];
        wide = new long[exchange];
        result = new int[exchange];
        predicate = new int[exchange];
        ntidX = block.x();
        ntidY = block.y();
        ntidZ = block.z();
        nctaidX = launch.grid().x();
        nctaidY = launch.grid().y();
        nctaidZ = launch.grid().z();
        nativeBase = launch.memory().address();
        windowBase = launch.windowBase();
        parameters = nativeBase + launch.parameterOffset();
        dynamicSharedBytes = launch.dynamicSharedBytes();
        numberThreads();
    }

    /// How many arrays a kernel needs.
    ///
    /// @param exchanges true when threads bring values to cuts
    public record Shape(int ints, int longs, int floats, int doubles, boolean exchanges) {}

    /// Counts instead of dividing: a frame is made for each resident block of each launch.
    private void numberThreads() {
        int thread = 0;
        for (int z = 0; z < ntidZ; z++) {
            for (int y = 0; y < ntidY; y++) {
                for (int x = 0; x < ntidX; x++) {
                    threadX[thread] = x;
                    threadY[thread] = y;
                    threadZ[thread] = z;
                    thread++;
                }
            }
        }
    }

    void begin(int blockX, int blockY, int blockZ, BlockMemory memory) {
        ctaidX = blockX;
        ctaidY = blockY;
        ctaidZ = blockZ;
        shared = nativeBase + memory.sharedOffset();
        sharedBytes = Math.toIntExact(memory.sharedBytes());
        local = nativeBase + memory.localOffset();
        localStride = memory.localBytesPerThread();
    }
}
