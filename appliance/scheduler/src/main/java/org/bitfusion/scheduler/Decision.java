package org.bitfusion.scheduler;

import java.util.List;
import java.util.UUID;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;
import org.bitfusion.scheduler.request.Refusal;
import org.bitfusion.scheduler.request.Request;

/// What becomes of a request.
public sealed interface Decision {
    /// It may have these GPUs now.
    ///
    /// @param appliances those that give GPUs, each once; the client sees the GPUs in this order
    record Granted(List<ApplianceGrant> appliances) implements Decision {
        public Granted {
            appliances = List.copyOf(appliances);
        }

        /// The lease that comes of it once the appliances took it into their ledgers.
        public Lease lease(UUID id, Request request) {
            List<LeasedGpu> gpus =
                    appliances.stream().flatMap(grant -> grant.leasedGpus().stream()).toList();
            return new Lease(id, request.client(), request.origin(), request.parent(), gpus);
        }
    }

    /// @param gpus by ascending index, at least one
    record ApplianceGrant(UUID appliance, List<GpuGrant> gpus) {
        public ApplianceGrant {
            gpus = List.copyOf(gpus);
        }

        List<LeasedGpu> leasedGpus() {
            return gpus.stream()
                    .map(gpu -> new LeasedGpu(appliance, gpu.index(), gpu.memoryMiB()))
                    .toList();
        }
    }

    /// @param index the GPU's number on its appliance
    record GpuGrant(int index, UUID uuid, int memoryMiB) {}

    /// Not now, but it may be later.
    ///
    /// @param place in the line, 1 for the first
    record Queued(int place, Wait waitsFor) implements Decision {}

    /// Never, as the pool and its settings are.
    ///
    /// @param sentence says why, and what to do
    record Refused(Refusal reason, String sentence) implements Decision {
        /// As it is shown: the sentence with the reason's number.
        public String words() {
            return sentence + " [" + reason.number() + "]";
        }
    }
}
