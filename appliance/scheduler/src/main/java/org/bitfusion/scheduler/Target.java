package org.bitfusion.scheduler;

import java.util.List;

/// The GPUs that a request waits for.
record Target(List<Part> parts) {
    /// @param needMiB the request's share of it
    /// @param missingMiB what is not free of that, or free but set aside for requests that come
    ///   before
    record Part(Room room, int place, int needMiB, int missingMiB) {}

    boolean isReady() {
        return parts.stream().allMatch(part -> part.missingMiB == 0);
    }
}
