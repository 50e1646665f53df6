package org.bitfusion.gpu.soft.device;

import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.soft.launch.ContextServices;
import org.bitfusion.gpu.soft.memory.DeviceHeap;

/// The limits of a context, by CUlimit number; the defaults are the driver's (CUDA Driver API,
/// cuCtxGetLimit). Those of device-side launches and of graphics in a context bound nothing here.
final class ContextLimits {
    static final long HEAP_BYTES = 8L << 20;
    static final long PRINT_BYTES = 1L << 20;

    private static final long STACK_BYTES = 1024;
    private static final long MAXIMUM_STACK_BYTES = 512L << 10;
    private static final int STACK_SIZE = 0;
    private static final int PRINT_SIZE = 1;
    private static final int HEAP_SIZE = 2;
    private static final int SYNC_DEPTH = 3;
    private static final int PENDING_LAUNCHES = 4;
    private static final int L2_FETCH_GRANULARITY = 5;
    private static final int PERSISTING_L2 = 6;
    private static final int SHARED_MEMORY = 7;
    private static final int GRAPHICS = 8;
    private static final int GRAPHICS_FALLBACK = 9;
    private static final int WITHOUT_SYNC_DEPTH = 90;
    private static final long MAXIMUM_SYNC_DEPTH = 24;
    private static final long MAXIMUM_L2_FETCH_BYTES = 128;

    private final DeviceHeap heap;
    private final ContextServices services;
    private final boolean hasSyncDepth;
    private volatile long stackBytes = STACK_BYTES;
    private volatile long syncDepth = 2;
    private volatile long pendingLaunches = 2048;
    private volatile long fetchBytes = 64;

    /// @param capability compute capability times ten
    ContextLimits(DeviceHeap heap, ContextServices services, int capability) {
        this.heap = heap;
        this.services = services;
        this.hasSyncDepth = capability < WITHOUT_SYNC_DEPTH;
    }

    long stackBytes() {
        return stackBytes;
    }

    Outcome<Long> value(int limit) {
        return switch (limit) {
            case STACK_SIZE -> Outcome.of(stackBytes);
            case PRINT_SIZE -> Outcome.of(services.printLimit());
            case HEAP_SIZE -> Outcome.of(heap.limit());
            case SYNC_DEPTH ->
                    hasSyncDepth
                            ? Outcome.of(syncDepth)
                            : Outcome.failed(CudaStatus.UNSUPPORTED_LIMIT);
            case PENDING_LAUNCHES -> Outcome.of(pendingLaunches);
            case L2_FETCH_GRANULARITY -> Outcome.of(fetchBytes);
            case PERSISTING_L2, SHARED_MEMORY, GRAPHICS, GRAPHICS_FALLBACK -> Outcome.of(0L);
            default -> Outcome.failed(CudaStatus.UNSUPPORTED_LIMIT);
        };
    }

    CudaStatus set(int limit, long value) {
        if (value < 0) {
            return CudaStatus.INVALID_VALUE;
        }
        switch (limit) {
            case STACK_SIZE -> {
                if (value > MAXIMUM_STACK_BYTES) {
                    return CudaStatus.INVALID_VALUE;
                }
                stackBytes = (value + 15) & -16;
            }
            case PRINT_SIZE -> services.setPrintLimit(value);
            case HEAP_SIZE -> {
                return heap.setLimit(value) ? CudaStatus.SUCCESS : CudaStatus.INVALID_VALUE;
            }
            case SYNC_DEPTH -> {
                return setSyncDepth(value);
            }
            case PENDING_LAUNCHES -> pendingLaunches = value;
            case L2_FETCH_GRANULARITY -> fetchBytes = Math.min(value, MAXIMUM_L2_FETCH_BYTES);
            case PERSISTING_L2 -> {}
            default -> {
                return CudaStatus.UNSUPPORTED_LIMIT;
            }
        }
        return CudaStatus.SUCCESS;
    }

    private CudaStatus setSyncDepth(long value) {
        if (!hasSyncDepth) {
            return CudaStatus.UNSUPPORTED_LIMIT;
        }
        if (value > MAXIMUM_SYNC_DEPTH) {
            return CudaStatus.INVALID_VALUE;
        }
        syncDepth = value;
        return CudaStatus.SUCCESS;
    }
}
