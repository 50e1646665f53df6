package org.bitfusion.dispatcher;

/// What becomes of a request for a lease.
sealed interface LeaseDecision {
    record Granted(Lease lease) implements LeaseDecision {}

    /// Not now: others hold what was asked for. It is worth asking again.
    record NotFree(String reason) implements LeaseDecision {}

    /// Never: this appliance has no such devices.
    record Impossible(String reason) implements LeaseDecision {}
}
