package org.bitfusion.cluster.pool;

import org.bitfusion.scheduler.pool.Lease;

/// Whether a lease is over.
public sealed interface EndOutcome {
    record Ended(Lease lease) implements EndOutcome {}

    /// It was over already, or never was.
    record NoSuchLease() implements EndOutcome {}

    /// It goes on, or its end was not told: ask again, which does no harm.
    record NoMajority(String why) implements EndOutcome {}
}
