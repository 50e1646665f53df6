package org.bitfusion.scheduler;

import java.util.ArrayList;
import java.util.List;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Client;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.Waiting;

/// A lease as a pool of its own, for what is asked for inside its session: each GPU is as large as
/// the lease's share of it, as programs see it there.
final class Inside {
    private Inside() {}

    /// Whether the child holds no GPU that its parent does not hold, and no more of it.
    static boolean isWithin(Lease child, Lease parent) {
        return child.gpus().stream()
                .allMatch(mine ->
                        parent.gpus().stream()
                                .anyMatch(theirs ->
                                        theirs.isSameGpu(mine)
                                                && theirs.memoryMiB() >= mine.memoryMiB()));
    }

    /// The client's limit does not apply: what is here counts with the parent already. A draining
    /// appliance gives what the session has of it: what runs goes on.
    static Snapshot of(Snapshot pool, Lease parent) {
        List<Appliance> appliances = new ArrayList<>();
        for (Appliance appliance : pool.topology().appliances()) {
            List<Gpu> gpus = new ArrayList<>();
            for (LeasedGpu leased : parent.gpus()) {
                if (leased.appliance().equals(appliance.id())) {
                    appliance.gpus().stream()
                            .filter(gpu -> gpu.index() == leased.gpuIndex())
                            .forEach(gpu -> gpus.add(cut(gpu, leased)));
                }
            }
            if (!gpus.isEmpty()) {
                ApplianceState state =
                        appliance.state() == ApplianceState.DRAINING
                                ? ApplianceState.AVAILABLE
                                : appliance.state();
                appliances.add(appliance.withGpus(gpus).withState(state));
            }
        }
        return filled(pool, parent, appliances);
    }

    private static Gpu cut(Gpu gpu, LeasedGpu leased) {
        return new Gpu(gpu.index(), gpu.uuid(), gpu.name(), leased.memoryMiB(), 0);
    }

    private static Snapshot filled(Snapshot pool, Lease parent, List<Appliance> appliances) {
        ClientTerms terms = pool.terms(parent.client());
        Snapshot inside =
                Snapshot.of(ClientTerms.UNLIMITED, appliances)
                        .withClient(
                                new Client(parent.client(), null, null, null, terms.disabled()));
        for (Lease child : pool.childrenOf(parent.id())) {
            inside =
                    inside.withLease(
                            new Lease(
                                    child.id(),
                                    child.client(),
                                    child.origin(),
                                    null,
                                    child.gpus()));
        }
        for (Waiting waiting : pool.waiting()) {
            Request request = waiting.request();
            if (parent.id().equals(request.parent())) {
                inside =
                        inside.withWaiting(
                                new Waiting(
                                        request.withoutParent(),
                                        waiting.arrival(),
                                        waiting.priority(),
                                        waiting.deadline()));
            }
        }
        return inside;
    }
}
