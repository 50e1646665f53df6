package org.bitfusion.cluster.ensemble;

import org.bitfusion.cluster.Member;

/// Whether a member left the pool.
public sealed interface RemoveOutcome {
    /// It is out; its ZooKeeper may be ended.
    record Removed(Member removed, Membership rest) implements RemoveOutcome {}

    /// There is no such member.
    record NoSuchMember() implements RemoveOutcome {}

    /// The last one cannot leave.
    record LastMember() implements RemoveOutcome {}

    /// There is no majority, or there would be none afterwards. The member stays.
    record NoMajority(String why) implements RemoveOutcome {}
}
