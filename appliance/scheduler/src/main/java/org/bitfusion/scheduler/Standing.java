package org.bitfusion.scheduler;

import java.util.ArrayList;
import java.util.List;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.request.Request;

/// Where a request of the pool stands, given what is set aside for those that come before.
sealed interface Standing {
    /// It will never be served; nothing is set aside for it.
    record Hopeless(Decision.Refused refused) implements Standing {}

    /// Nothing is set aside for it.
    record AppliancesAbsent(Wait.ForAppliances waitsFor) implements Standing {}

    /// Its number of GPUs under the client's limit is set aside for it.
    record AtLimit(Wait.ForClientLimit waitsFor) implements Standing {}

    /// Only GPUs can be missing. Those of the target, and its number under the limit, are set aside
    /// for it.
    record Contending() implements Standing {}

    /// @param before what is set aside
    static Standing of(Snapshot snapshot, Request request, Claims before) {
        Eligible eligible = snapshot.eligible(request);
        ClientTerms terms = snapshot.terms(request.client());
        Decision.Refused refused = Possibility.refused(request, terms, eligible, snapshot);
        if (refused != null) {
            return new Hopeless(refused);
        }
        int wanted = request.wish().gpuCount();
        if (eligible.available(request.wish().share()) < wanted) {
            return new AppliancesAbsent(absent(snapshot, request, eligible));
        }
        int held = snapshot.heldGpus(request.client());
        int ahead = before.gpuCount(request.client());
        if ((long) held + ahead + wanted > terms.gpuLimit()) {
            return new AtLimit(
                    new Wait.ForClientLimit(
                            request.client(), terms.gpuLimit(), held, ahead, wanted));
        }
        return new Contending();
    }

    private static Wait.ForAppliances absent(
            Snapshot snapshot, Request request, Eligible eligible) {
        List<Wait.Absent> absent = new ArrayList<>();
        List<Appliance> appliances = snapshot.topology().appliances();
        for (int position = 0; position < appliances.size(); position++) {
            Appliance appliance = appliances.get(position);
            if (appliance.state() != ApplianceState.AVAILABLE
                    && wouldDo(appliance, eligible.gpus(position), request)) {
                absent.add(
                        new Wait.Absent(
                                appliance.id(), appliance.host().name(), appliance.state()));
            }
        }
        return new Wait.ForAppliances(absent);
    }

    private static boolean wouldDo(Appliance appliance, long eligible, Request request) {
        List<Gpu> gpus = appliance.gpus();
        for (int place = 0; place < gpus.size(); place++) {
            if ((eligible & (1L << place)) != 0
                    && request.wish().share().fits(gpus.get(place).memoryMiB())) {
                return true;
            }
        }
        return false;
    }
}
