package org.bitfusion.cluster.pool;

/// What became of a grant.
public sealed interface GrantOutcome {
    /// The lease is written, and its GPUs are promised. It counts once each appliance's ledger took
    /// it.
    record Granted() implements GrantOutcome {}

    /// Something else was granted on one of the appliances since the view, or an appliance left:
    /// nothing was written. Decide again on a new view.
    record Outdated() implements GrantOutcome {}

    /// Nothing was written: what the lease's appliances have promised is more than ZooKeeper takes
    /// in one change. Fewer appliances may do.
    record TooLarge() implements GrantOutcome {}

    /// Nothing was written: there is no majority, or no connection.
    record NoMajority() implements GrantOutcome {}

    /// The connection broke before the answer and is not back. Ask [PoolState#resolve] by the
    /// lease's identifier before anything else is done about this request.
    record Unknown(String why) implements GrantOutcome {}
}
