package org.bitfusion.cluster.ensemble;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.bitfusion.cluster.Member;

/// How the ensemble is, each member asked for itself.
///
/// @param members by number
public record Health(List<MemberHealth> members) {
    public Health {
        members = List.copyOf(members);
    }

    /// @param votes whether it votes, as the membership says that was asked
    public record MemberHealth(Member member, boolean votes, MemberState state) {
        public boolean isReachable() {
            return state != MemberState.UNREACHABLE;
        }
    }

    public Optional<Member> leader() {
        return members.stream()
                .filter(each -> each.state() == MemberState.LEADER)
                .map(MemberHealth::member)
                .findFirst();
    }

    public int votes() {
        return (int) members.stream().filter(MemberHealth::votes).count();
    }

    public int votesReachable() {
        return (int) members.stream().filter(each -> each.votes() && each.isReachable()).count();
    }

    /// Whether enough of those who vote can be reached; the leader may not be chosen yet.
    public boolean hasMajority() {
        return 2 * votesReachable() > votes();
    }

    /// For [Ensemble#settle] and [Ensemble#remove].
    public Set<Integer> reachable() {
        return members.stream()
                .filter(MemberHealth::isReachable)
                .map(each -> each.member().number())
                .collect(Collectors.toUnmodifiableSet());
    }
}
