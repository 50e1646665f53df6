package org.bitfusion.scheduler;

import java.util.List;
import org.bitfusion.scheduler.pool.Appliance;

/// The GPUs that are set aside for a request.
///
/// @param parts those that are short of the least first
/// @param farthest how far the last of them is ([Shortage#distance])
record Target(List<Part> parts, long farthest) {
    static final Target NONE = new Target(List.of(), Long.MIN_VALUE);

    /// @param position of the appliance in the [Topology]
    /// @param place of the GPU in [Appliance#gpus]
    /// @param needMiB the request's share of it
    /// @param missingMiB what is not free of that, or free but set aside for requests that come
    ///   before
    record Part(Appliance appliance, int position, int place, int needMiB, int missingMiB) {}

    /// Whether nothing is missing.
    boolean isReady() {
        return parts.isEmpty() || parts.getLast().missingMiB == 0;
    }
}
