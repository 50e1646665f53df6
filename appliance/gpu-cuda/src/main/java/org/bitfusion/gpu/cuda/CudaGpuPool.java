package org.bitfusion.gpu.cuda;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuPool;
import org.bitfusion.gpu.Outcome;
import org.jspecify.annotations.Nullable;

/// Stream-ordered memory. It comes from the window, because the driver's own pools give addresses
/// of their choice. What is freed in a stream can be allocated again in that stream at once,
/// elsewhere when the stream has got there; what is then above the release threshold goes back to
/// the device. Thread-safe.
final class CudaGpuPool implements GpuPool {
    private static final int RELEASE_THRESHOLD = 4;
    private static final int RESERVED = 5;
    private static final int USED = 7;

    private final CudaGpuContext context;
    private final CudaWindow window;
    private final List<Freed> freed = new ArrayList<>();
    private final long[] attributes = {0, 1, 1, 1, 0, 0, 0, 0, 0};
    private boolean closed;

    CudaGpuPool(CudaGpuContext context, CudaWindow window) {
        this.context = context;
        this.window = window;
    }

    /// Memory that its user has given back.
    private static final class Freed {
        private final CudaWindow.Block block;

        /// The stream that has not yet got to the free; null when it has.
        private @Nullable CudaGpuStream stream;

        Freed(CudaWindow.Block block, CudaGpuStream stream) {
            this.block = block;
            this.stream = stream;
        }
    }

    /// Takes memory for work in a stream.
    synchronized Outcome<CudaWindow.Block> allocate(CudaGpuStream stream, long bytes) {
        Freed best = null;
        for (Freed candidate : freed) {
            long size = candidate.block.footprint();
            if ((candidate.stream == null || candidate.stream == stream)
                    && size >= bytes
                    && size / 2 <= Math.max(bytes, 1 << 20)
                    && (best == null || size < best.block.footprint())) {
                best = candidate;
            }
        }
        Outcome<CudaWindow.Block> block;
        if (best != null) {
            freed.remove(best);
            block = Outcome.of(best.block);
        } else {
            block = window.allocate(bytes, 1);
            if (!block.status().isSuccess() && giveBackAbove(0)) {
                block = window.allocate(bytes, 1);
            }
            change(RESERVED, block);
        }
        change(USED, block);
        return block;
    }

    private void change(int attribute, Outcome<CudaWindow.Block> taken) {
        CudaWindow.Block block = taken.valueOrNull();
        if (block != null) {
            attributes[attribute] += block.footprint();
            attributes[attribute + 1] = Math.max(attributes[attribute + 1], attributes[attribute]);
        }
    }

    /// The free was put into a stream; answers what to do when the stream gets there.
    synchronized Runnable free(CudaGpuStream stream, CudaWindow.Block block) {
        Freed entry = new Freed(block, stream);
        freed.add(entry);
        attributes[USED] -= block.footprint();
        return () -> reached(entry);
    }

    private synchronized void reached(Freed entry) {
        entry.stream = null;
        giveBackAbove(closed ? 0 : attributes[RELEASE_THRESHOLD]);
    }

    /// Gives unused memory back until at most `keep` bytes are reserved.
    ///
    /// @return whether any was
    private boolean giveBackAbove(long keep) {
        boolean any = false;
        Iterator<Freed> entries = freed.iterator();
        while (entries.hasNext() && attributes[RESERVED] > keep) {
            Freed entry = entries.next();
            if (entry.stream == null) {
                entries.remove();
                release(entry.block);
                any = true;
            }
        }
        return any;
    }

    private void release(CudaWindow.Block block) {
        context.makeCurrent();
        window.free(block);
        attributes[RESERVED] -= block.footprint();
    }

    /// Memory in use goes back without a stream: nothing uses it any more.
    synchronized void giveBack(CudaWindow.Block block) {
        attributes[USED] -= block.footprint();
        release(block);
    }

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
        // The threshold is unsigned.
        long plainValue = value < 0 ? Long.MAX_VALUE : value;
        attributes[attribute] = highest ? attributes[attribute - 1] : plainValue;
        return CudaStatus.SUCCESS;
    }

    @Override
    public synchronized CudaStatus trim(long bytesToKeep) {
        giveBackAbove(bytesToKeep < 0 ? Long.MAX_VALUE : bytesToKeep);
        return CudaStatus.SUCCESS;
    }

    /// The context is gone and nothing runs: all that was freed goes back.
    synchronized void releaseAll() {
        closed = true;
        freed.forEach(entry -> release(entry.block));
        freed.clear();
    }

    @Override
    public synchronized void close() {
        closed = true;
        giveBackAbove(0);
    }
}
