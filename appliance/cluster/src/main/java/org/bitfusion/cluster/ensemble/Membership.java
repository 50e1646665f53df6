package org.bitfusion.cluster.ensemble;

import java.util.List;
import java.util.Set;
import org.bitfusion.cluster.Member;

/// Who belongs to the pool, and who of them votes, as one member knew it.
///
/// @param members by number
/// @param voters numbers of those that vote
public record Membership(List<Member> members, Set<Integer> voters) {
    public Membership {
        members = List.copyOf(members);
        voters = Set.copyOf(voters);
    }

    public List<Member> votingMembers() {
        return members.stream().filter(member -> voters.contains(member.number())).toList();
    }

    public List<Member> observingMembers() {
        return members.stream().filter(member -> !voters.contains(member.number())).toList();
    }
}
