package org.bitfusion.allocator;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.bitfusion.dispatcher.LedgerView;
import org.bitfusion.dispatcher.PoolPart;
import org.bitfusion.scheduler.pool.Gpu;

/// An appliance's GPUs as the pool is told of them.
final class GpusOfLedger {
    private static final long MIB = 1 << 20;

    private GpusOfLedger() {}

    /// Reserved is what others than the pool's leases have, and parts that the pool does not know
    /// of (any more): both are in no promise.
    static List<Gpu> announced(LedgerView ledger, Set<UUID> promised) {
        Map<UUID, Long> unknown = new HashMap<>();
        for (LedgerView.TakenPart taken : ledger.parts()) {
            PoolPart part = taken.part();
            if (part.parent() == null && !promised.contains(part.lease())) {
                part.shares()
                        .forEach(share -> unknown.merge(share.gpu(), share.bytes(), Long::sum));
            }
        }
        List<Gpu> gpus = new ArrayList<>();
        for (LedgerView.LedgerGpu gpu : ledger.gpus()) {
            long reserved = gpu.otherBytes() + unknown.getOrDefault(gpu.uuid(), 0L);
            gpus.add(
                    new Gpu(
                            gpu.index(),
                            gpu.uuid(),
                            gpu.name(),
                            (int) Math.min(Gpu.MEMORY_LIMIT_MIB, gpu.servedBytes() / MIB),
                            (int) Math.min(Gpu.MEMORY_LIMIT_MIB, Math.ceilDiv(reserved, MIB))));
        }
        return gpus;
    }
}
