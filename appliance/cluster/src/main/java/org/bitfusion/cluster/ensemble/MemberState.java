package org.bitfusion.cluster.ensemble;

/// What a member's ZooKeeper says of itself.
public enum MemberState {
    LEADER,
    FOLLOWER,
    OBSERVER,
    /// It runs and finds no majority.
    NO_MAJORITY,
    /// Nothing answers, or what does is no ZooKeeper of the pool.
    UNREACHABLE
}
