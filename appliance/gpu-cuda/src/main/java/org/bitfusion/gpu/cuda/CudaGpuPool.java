package org.bitfusion.gpu.cuda;

import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuPool;
import org.bitfusion.gpu.Outcome;

/// The bookkeeping of a pool: it keeps nothing for later, so what is reserved is what is used.
/// Thread-safe.
final class CudaGpuPool implements GpuPool {
    private final long[] attributes = {0, 1, 1, 1, 0, 0, 0, 0, 0};
    private static final int RELEASE_THRESHOLD = 4;
    private static final int RESERVED = 5;
    private static final int USED = 7;

    @Override
    public synchronized Outcome<Long> attribute(int attribute) {
        return attribute >= 1 && attribute < attributes.length
                ? Outcome.of(attributes[attribute])
                : Outcome.failed(CudaStatus.INVALID_VALUE);
    }

    @Override
    public synchronized CudaStatus setAttribute(int attribute, long value) {
        boolean highest = attribute == RESERVED + 1 || attribute == USED + 1;
        boolean plain = attribute >= 1 && attribute <= RELEASE_THRESHOLD;
        if (!plain && !(highest && value == 0)) {
            return CudaStatus.INVALID_VALUE;
        }
        attributes[attribute] = highest ? attributes[attribute - 1] : value;
        return CudaStatus.SUCCESS;
    }

    @Override
    public CudaStatus trim(long bytesToKeep) {
        return CudaStatus.SUCCESS;
    }

    synchronized void taken(long bytes) {
        for (int now : new int[] {RESERVED, USED}) {
            attributes[now] += bytes;
            attributes[now + 1] = Math.max(attributes[now + 1], attributes[now]);
        }
    }

    synchronized void gaveBack(long bytes) {
        attributes[RESERVED] -= bytes;
        attributes[USED] -= bytes;
    }

    @Override
    public void close() {}
}
