package org.bitfusion.scheduler.pool;

/// Whether an appliance takes part in the pool now.
public enum ApplianceState {
    /// Gives new leases.
    AVAILABLE,
    /// Cannot be reached, or cannot reach the others: gives no new leases until it is back.
    UNAVAILABLE,
    /// Gives no new leases because an administrator said so; what runs goes on.
    DRAINING,
    /// Has as many leases as it can: gives no new ones, not within one either, until one ends.
    FULL
}
