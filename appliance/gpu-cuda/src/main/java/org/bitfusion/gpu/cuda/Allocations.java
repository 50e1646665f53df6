package org.bitfusion.gpu.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The live allocations of a client process, whichever context made them. Thread-safe.
final class Allocations {
    /// @param owner whose end is the allocation's
    /// @param pool it came from; null for a plain one
    record Allocation(
            CudaWindow.Block block, long bytes, CudaGpuMemory owner, @Nullable CudaGpuPool pool) {}

    private final TreeMap<Long, Allocation> live = new TreeMap<>();

    synchronized long add(Allocation allocation) {
        live.put(allocation.block().address(), allocation);
        return allocation.block().address();
    }

    /// From now on nobody may name it.
    synchronized @Nullable Allocation remove(long address) {
        return live.remove(address);
    }

    synchronized List<Allocation> removeAllOf(CudaGpuMemory owner) {
        List<Allocation> gone = new ArrayList<>();
        live.values()
                .removeIf(allocation -> {
                    boolean own = allocation.owner() == owner;
                    if (own) {
                        gone.add(allocation);
                    }
                    return own;
                });
        return gone;
    }

    /// The one that contains the address.
    synchronized @Nullable Allocation containing(long address) {
        Map.Entry<Long, Allocation> entry = live.floorEntry(address);
        return entry == null || address - entry.getKey() >= entry.getValue().bytes()
                ? null
                : entry.getValue();
    }

    /// Whether one allocation holds all of these bytes.
    synchronized boolean cover(long address, long bytes) {
        Map.Entry<Long, Allocation> entry = live.floorEntry(address);
        return entry != null && bytes <= entry.getValue().bytes() - (address - entry.getKey());
    }
}
