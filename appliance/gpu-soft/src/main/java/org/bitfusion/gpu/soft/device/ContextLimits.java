package org.bitfusion.gpu.soft.device;

import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.soft.launch.ContextServices;
import org.bitfusion.gpu.soft.memory.DeviceHeap;

/// The limits of a context, by CUlimit number; the defaults are the driver's.
final class ContextLimits {
    static final long HEAP_BYTES = 8L << 20;
    static final long PRINT_BYTES = 1L << 20;

    private static final long STACK_BYTES = 1024;
    private static final long MAXIMUM_STACK_BYTES = 512L << 10;
    private static final int STACK_SIZE = 0;
    private static final int PRINT_SIZE = 1;
    private static final int HEAP_SIZE = 2;
    private static final int L2_FETCH_GRANULARITY = 5;
    private static final int PERSISTING_L2 = 6;
    private static final long L2_FETCH_BYTES = 64;

    private final DeviceHeap heap;
    private final ContextServices services;
    private volatile long stackBytes = STACK_BYTES;

    ContextLimits(DeviceHeap heap, ContextServices services) {
        this.heap = heap;
        this.services = services;
    }

    long stackBytes() {
        return stackBytes;
    }

    Outcome<Long> value(int limit) {
        return switch (limit) {
            case STACK_SIZE -> Outcome.of(stackBytes);
            case PRINT_SIZE -> Outcome.of(services.printLimit());
            case HEAP_SIZE -> Outcome.of(heap.limit());
            case L2_FETCH_GRANULARITY -> Outcome.of(L2_FETCH_BYTES);
            case PERSISTING_L2 -> Outcome.of(0L);
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
            case L2_FETCH_GRANULARITY, PERSISTING_L2 -> {}
            default -> {
                return CudaStatus.UNSUPPORTED_LIMIT;
            }
        }
        return CudaStatus.SUCCESS;
    }
}
