package org.bitfusion.cluster.ensemble;

/// Whether the votes are as they should be.
public sealed interface SettleOutcome {
    /// They are now, or were already.
    record Settled(Membership membership) implements SettleOutcome {}

    /// They are as they were.
    record NoMajority(String why) implements SettleOutcome {}
}
