package org.bitfusion.gpu.soft.launch;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.LaunchParameters;
import org.bitfusion.gpu.soft.execution.KernelProgram;
import org.bitfusion.gpu.soft.memory.PrivateMemory;
import org.bitfusion.gpu.soft.module.LaunchRefused;
import org.bitfusion.gpu.soft.module.Occupancy;
import org.bitfusion.gpu.soft.module.SoftFunction;
import org.bitfusion.ptx.PtxFunction;

/// One launch: what is checked when it is enqueued, and what happens when its turn comes.
public final class Launch {
    private static final int MAXIMUM_BLOCK_Z = 64;
    private static final int MAXIMUM_GRID_YZ = 65535;
    private static final int MAXIMUM_THREADS = Occupancy.MAXIMUM_THREADS_PER_BLOCK;

    private Launch() {}

    /// What can be told without running: the status that cuLaunchKernel would answer.
    public static CudaStatus check(
            SoftFunction kernel, LaunchParameters launch, KernelEnvironment environment) {
        if (!dimensionsFit(launch)
                || launch.packed().length < kernel.parameterBytes()
                || launch.packed().length > PrivateMemory.PARAMETER_BYTES
                || launch.dynamicSharedBytes() < 0
                || launch.dynamicSharedBytes() > Occupancy.SHARED_PER_BLOCK_OPT_IN) {
            return CudaStatus.INVALID_VALUE;
        }
        if ((long) launch.clusterX() * launch.clusterY() * launch.clusterZ() > 1) {
            return CudaStatus.INVALID_CLUSTER_SIZE;
        }
        PtxFunction.Performance stated = kernel.performance();
        if (stated.requiredX() > 0
                && (stated.requiredX() != launch.blockX()
                        || stated.requiredY() != launch.blockY()
                        || stated.requiredZ() != launch.blockZ())) {
            return CudaStatus.INVALID_VALUE;
        }
        int threads = launch.blockX() * launch.blockY() * launch.blockZ();
        if (threads > kernel.maximumThreads()) {
            return CudaStatus.LAUNCH_OUT_OF_RESOURCES;
        }
        return launch.cooperative()
                ? checkCooperative(kernel, launch, threads, environment)
                : CudaStatus.SUCCESS;
    }

    private static boolean dimensionsFit(LaunchParameters launch) {
        return launch.gridX() > 0
                && launch.gridY() > 0
                && launch.gridZ() > 0
                && launch.gridY() <= MAXIMUM_GRID_YZ
                && launch.gridZ() <= MAXIMUM_GRID_YZ
                && launch.blockX() > 0
                && launch.blockY() > 0
                && launch.blockZ() > 0
                && launch.blockX() <= MAXIMUM_THREADS
                && launch.blockY() <= MAXIMUM_THREADS
                && launch.blockZ() <= MAXIMUM_BLOCK_Z
                && launch.blockX() * launch.blockY() * launch.blockZ() <= MAXIMUM_THREADS;
    }

    private static CudaStatus checkCooperative(
            SoftFunction kernel,
            LaunchParameters launch,
            int threads,
            KernelEnvironment environment) {
        Integer blocks = kernel.occupancy(threads, launch.dynamicSharedBytes(), 0).valueOrNull();
        long grid = (long) launch.gridX() * launch.gridY() * launch.gridZ();
        return blocks != null && grid > (long) blocks * environment.multiprocessors()
                ? CudaStatus.COOPERATIVE_LAUNCH_TOO_LARGE
                : CudaStatus.SUCCESS;
    }

    /// Runs the grid in this thread and others; returns when it is over.
    ///
    /// @throws LaunchRefused when it cannot start
    /// @throws RuntimeException (or an Error) of the kernel: see [Faults]
    public static void run(
            SoftFunction kernel, LaunchParameters launch, KernelEnvironment environment) {
        KernelProgram program = kernel.program();
        if (launch.dynamicSharedBytes() > kernel.dynamicSharedLimit()) {
            throw new LaunchRefused(
                    CudaStatus.INVALID_VALUE,
                    launch.dynamicSharedBytes() + " bytes of dynamic shared memory");
        }
        PrivateMemory privateMemory = environment.window().privateMemory();
        MemorySegment memory = environment.window().segment();
        long parameters = privateMemory.takeParameters();
        long workspace = launch.cooperative() ? privateMemory.takeParameters() : -1;
        try {
            byte[] packed = launch.packed();
            MemorySegment.copy(packed, 0, memory, ValueLayout.JAVA_BYTE, parameters, packed.length);
            if (workspace >= 0) {
                memory.asSlice(workspace, GridRun.WORKSPACE_BYTES).fill((byte) 0);
            }
            new GridRun(kernel, program, launch, environment, parameters, workspace).run();
        } finally {
            privateMemory.giveParameters(parameters);
            if (workspace >= 0) {
                privateMemory.giveParameters(workspace);
            }
        }
    }
}
