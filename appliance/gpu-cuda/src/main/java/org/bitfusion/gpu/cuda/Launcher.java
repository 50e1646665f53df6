package org.bitfusion.gpu.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.LaunchParameters;

/// Launches a kernel with packed parameters: `CU_LAUNCH_PARAM_BUFFER_POINTER` (1), its size (2),
/// end (0).
final class Launcher {
    private static final int ATTRIBUTE_BYTES = 72;
    private static final int COOPERATIVE = 2;
    private static final int CLUSTER_DIMENSION = 4;

    private Launcher() {}

    static CudaStatus launch(long stream, CudaGpuFunction function, LaunchParameters p) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment extra = extra(arena, p.packed());
            boolean clusters = (long) p.clusterX() * p.clusterY() * p.clusterZ() > 1;
            if (p.cooperative() || clusters) {
                MemorySegment configuration = configuration(arena, stream, p, clusters);
                return CudaStatus.of(
                        CudaLibrary.cuLaunchKernelEx(
                                configuration, function.handle(), MemorySegment.NULL, extra));
            }
            return CudaStatus.of(
                    CudaLibrary.cuLaunchKernel(
                            function.handle(),
                            p.gridX(),
                            p.gridY(),
                            p.gridZ(),
                            p.blockX(),
                            p.blockY(),
                            p.blockZ(),
                            p.dynamicSharedBytes(),
                            stream,
                            MemorySegment.NULL,
                            extra));
        }
    }

    private static MemorySegment extra(Arena arena, byte[] packed) {
        MemorySegment bytes = arena.allocate(Math.max(16, packed.length), 16);
        MemorySegment.copy(packed, 0, bytes, ValueLayout.JAVA_BYTE, 0, packed.length);
        MemorySegment size = arena.allocateFrom(ValueLayout.JAVA_LONG, packed.length);
        return arena.allocateFrom(ValueLayout.JAVA_LONG, 1, bytes.address(), 2, size.address(), 0);
    }

    /// CUlaunchConfig: grid, block, shared bytes (seven u32), stream at 32, attributes at 40, their
    /// number at 48.
    private static MemorySegment configuration(
            Arena arena, long stream, LaunchParameters p, boolean clusters) {
        MemorySegment attributes = arena.allocate(2 * ATTRIBUTE_BYTES, 8);
        int count = 0;
        if (p.cooperative()) {
            attributes.set(ValueLayout.JAVA_INT, 0, COOPERATIVE);
            attributes.set(ValueLayout.JAVA_INT, 8, 1);
            count++;
        }
        if (clusters) {
            long at = (long) count * ATTRIBUTE_BYTES;
            attributes.set(ValueLayout.JAVA_INT, at, CLUSTER_DIMENSION);
            attributes.set(ValueLayout.JAVA_INT, at + 8, p.clusterX());
            attributes.set(ValueLayout.JAVA_INT, at + 12, p.clusterY());
            attributes.set(ValueLayout.JAVA_INT, at + 16, p.clusterZ());
            count++;
        }
        MemorySegment configuration = arena.allocate(56, 8);
        int[] sizes = {
            p.gridX(),
            p.gridY(),
            p.gridZ(),
            p.blockX(),
            p.blockY(),
            p.blockZ(),
            p.dynamicSharedBytes()
        };
        MemorySegment.copy(sizes, 0, configuration, ValueLayout.JAVA_INT, 0, sizes.length);
        configuration.set(ValueLayout.JAVA_LONG, 32, stream);
        configuration.set(ValueLayout.JAVA_LONG, 40, attributes.address());
        configuration.set(ValueLayout.JAVA_INT, 48, count);
        return configuration;
    }
}
