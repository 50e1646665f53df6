package org.bitfusion.worker;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bitfusion.gpu.AllocationBudget;
import org.bitfusion.protocol.control.WorkerOrder;
import org.bitfusion.protocol.control.WorkerReport;

/// This worker's part of its lease's memory, fetched from the dispatcher's ledger in chunks so that
/// most allocations ask nobody. When the dispatcher is gone, the worker goes on within its share.
final class LeaseBudget implements AllocationBudget {
    /// What is fetched at once, and the most that is held unused.
    private static final long CHUNK = 32L << 20;

    private static final class Part {
        private final long limit;
        private long reserved;
        private long used;

        Part(long limit) {
            this.limit = limit;
        }
    }

    private final ControlChannel control;
    private final Map<Integer, Part> parts = new HashMap<>();

    LeaseBudget(ControlChannel control, List<WorkerOrder.Share> shares) {
        this.control = control;
        for (WorkerOrder.Share share : shares) {
            parts.put(share.index(), new Part(share.bytes()));
        }
    }

    @Override
    public boolean reserve(int device, long bytes) {
        Part part = parts.get(device);
        if (part == null || bytes < 0) {
            return false;
        }
        synchronized (part) {
            if (bytes > part.limit - part.used) {
                return false;
            }
            long missing = part.used + bytes - part.reserved;
            if (missing > 0 && !fetch(device, part, missing)) {
                return false;
            }
            part.used += bytes;
            return true;
        }
    }

    private boolean fetch(int device, Part part, long missing) {
        long chunk = Math.min(Math.ceilDiv(missing, CHUNK) * CHUNK, part.limit - part.reserved);
        if (chunk > missing && ask(device, part, chunk).granted()) {
            part.reserved += chunk;
            return true;
        }
        if (ask(device, part, missing).granted()) {
            part.reserved += missing;
            return true;
        }
        return false;
    }

    private WorkerOrder.Reserved ask(int device, Part part, long bytes) {
        return control.reserve(
                device,
                bytes,
                new WorkerOrder.Reserved(
                        0, bytes <= part.limit - part.reserved, part.limit - part.reserved));
    }

    @Override
    public void release(int device, long bytes) {
        Part part = parts.get(device);
        if (part == null) {
            return;
        }
        synchronized (part) {
            part.used -= Math.min(bytes, part.used);
            long unused = part.reserved - part.used;
            if (unused > CHUNK) {
                long back = (unused - 1) / CHUNK * CHUNK;
                part.reserved -= back;
                control.report(new WorkerReport.Release(device, back));
            }
        }
    }

    @Override
    public long limit(int device) {
        Part part = parts.get(device);
        return part == null ? 0 : part.limit;
    }

    @Override
    public long available(int device) {
        Part part = parts.get(device);
        if (part == null) {
            return 0;
        }
        synchronized (part) {
            return part.reserved - part.used + ask(device, part, 0).available();
        }
    }
}
