package org.bitfusion.scheduler.request;

import java.time.Instant;
import java.util.Comparator;

/// A request that was queued. Its place is decided by priority, then by arrival.
///
/// @param arrival a number of the pool's that grows with each request that is queued; no two are
///   the same
/// @param priority of its client when it was queued; the higher, the earlier
/// @param deadline from which on it is not served any more
public record Waiting(Request request, long arrival, int priority, Instant deadline) {
    /// In which they are served.
    public static final Comparator<Waiting> ORDER =
            Comparator.comparingInt(Waiting::priority)
                    .reversed()
                    .thenComparingLong(Waiting::arrival);

    public boolean isExpired(Instant now) {
        return !now.isBefore(deadline);
    }
}
