package org.bitfusion.gpu.soft.device;

import java.util.Map;
import java.util.TreeMap;

/// What the software GPU answers to cuDeviceGetAttribute: the limits of compute capability 8.0 and
/// the features that are carried. Numbers of attributes are those of CUdevice_attribute; limits are
/// from the CUDA programming guide's table of compute capabilities.
final class DeviceAttributes {
    static final int MAXIMUM_THREADS_PER_BLOCK = 1024;
    static final int MAXIMUM_BLOCK_Z = 64;
    static final int MAXIMUM_GRID_YZ = 65535;
    static final int SHARED_PER_BLOCK = 48 << 10;
    static final int SHARED_PER_BLOCK_OPT_IN = 163 << 10;
    static final int SHARED_PER_MULTIPROCESSOR = 164 << 10;
    static final int RESERVED_SHARED_PER_BLOCK = 1 << 10;
    static final int THREADS_PER_MULTIPROCESSOR = 2048;
    static final int BLOCKS_PER_MULTIPROCESSOR = 32;
    static final int REGISTERS = 65536;

    private DeviceAttributes() {}

    static Map<Integer, Integer> of(int index, int major, int minor, int multiprocessors) {
        Map<Integer, Integer> values = new TreeMap<>();
        limits(values, multiprocessors);
        features(values);
        textures(values);
        values.put(33, index + 1); // PCI_BUS_ID
        values.put(34, 0); // PCI_DEVICE_ID
        values.put(50, 0); // PCI_DOMAIN_ID
        values.put(75, major);
        values.put(76, minor);
        return values;
    }

    private static void limits(Map<Integer, Integer> values, int multiprocessors) {
        values.put(1, MAXIMUM_THREADS_PER_BLOCK);
        values.put(2, MAXIMUM_THREADS_PER_BLOCK);
        values.put(3, MAXIMUM_THREADS_PER_BLOCK);
        values.put(4, MAXIMUM_BLOCK_Z);
        values.put(5, Integer.MAX_VALUE);
        values.put(6, MAXIMUM_GRID_YZ);
        values.put(7, MAXIMUM_GRID_YZ);
        values.put(8, SHARED_PER_BLOCK);
        values.put(9, 65536); // TOTAL_CONSTANT_MEMORY
        values.put(10, 32); // WARP_SIZE
        values.put(11, Integer.MAX_VALUE); // MAX_PITCH
        values.put(12, REGISTERS);
        values.put(13, 1_000_000); // CLOCK_RATE in kHz: %clock64 counts nanoseconds
        values.put(14, 512); // TEXTURE_ALIGNMENT
        values.put(16, multiprocessors);
        values.put(30, 512); // SURFACE_ALIGNMENT
        values.put(36, 1_000_000); // MEMORY_CLOCK_RATE in kHz
        values.put(37, 128); // GLOBAL_MEMORY_BUS_WIDTH
        values.put(38, 4 << 20); // L2_CACHE_SIZE
        values.put(39, THREADS_PER_MULTIPROCESSOR);
        values.put(51, 32); // TEXTURE_PITCH_ALIGNMENT
        values.put(81, SHARED_PER_MULTIPROCESSOR);
        values.put(82, REGISTERS);
        values.put(97, SHARED_PER_BLOCK_OPT_IN);
        values.put(106, BLOCKS_PER_MULTIPROCESSOR);
        values.put(111, RESERVED_SHARED_PER_BLOCK);
    }

    private static void features(Map<Integer, Integer> values) {
        values.put(15, 1); // GPU_OVERLAP
        values.put(31, 1); // CONCURRENT_KERNELS
        values.put(40, 2); // ASYNC_ENGINE_COUNT
        values.put(41, 1); // UNIFIED_ADDRESSING
        values.put(78, 1); // STREAM_PRIORITIES_SUPPORTED
        values.put(79, 1); // GLOBAL_L1_CACHE_SUPPORTED
        values.put(80, 1); // LOCAL_L1_CACHE_SUPPORTED
        values.put(87, 2); // SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO
        values.put(90, 1); // COMPUTE_PREEMPTION_SUPPORTED
        values.put(95, 1); // COOPERATIVE_LAUNCH
        values.put(99, 1); // HOST_REGISTER_SUPPORTED
        values.put(115, 1); // MEMORY_POOLS_SUPPORTED
        values.put(129, 0); // UNIFIED_FUNCTION_POINTERS
        values.put(134, -1); // HOST_NUMA_ID
        values.put(131, -1); // NUMA_ID
    }

    private static void textures(Map<Integer, Integer> values) {
        int[] lengths = {21, 131072, 22, 131072, 23, 65536, 24, 16384, 25, 16384, 26, 16384};
        int[] layered = {27, 32768, 28, 32768, 29, 2048, 42, 32768, 43, 2048, 45, 32768, 46, 32768};
        int[] others = {47, 8192, 48, 8192, 49, 32768, 52, 32768, 53, 32768, 54, 2046};
        int[] linear = {69, 1 << 28, 70, 131072, 71, 65000, 72, 2097120, 73, 32768, 74, 32768};
        for (int[] pairs : new int[][] {lengths, layered, others, linear, {44, 1, 77, 32768}}) {
            for (int at = 0; at < pairs.length; at += 2) {
                values.put(pairs[at], pairs[at + 1]);
            }
        }
    }
}
