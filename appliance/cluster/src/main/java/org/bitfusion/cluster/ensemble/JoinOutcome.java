package org.bitfusion.cluster.ensemble;

import org.bitfusion.cluster.Member;

/// Whether an appliance becomes a member.
public sealed interface JoinOutcome {
    /// It is one, and observes. Its ZooKeeper is started with `membership`; once it runs,
    /// [Ensemble#settle] may give it a vote.
    record Joined(Member self, Membership membership) implements JoinOutcome {}

    /// There are as many members as ZooKeeper can count.
    record Full() implements JoinOutcome {}

    /// Nothing was changed, or it will be found again: try again when there is a majority.
    record NoMajority(String why) implements JoinOutcome {}
}
