package org.bitfusion.cluster.ensemble;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Set;
import java.util.TreeSet;

/// Who votes and who observes: of up to two members one votes, of three or four three, of more
/// five. More votes would bear more deaths, but every change waits for more disks.
///
/// @param voters numbers, ascending
/// @param observers numbers, ascending
public record Roles(Set<Integer> voters, Set<Integer> observers) {
    private static final Comparator<Standing> BEFORE =
            Comparator.comparingInt((Standing member) -> member.isReachable() ? 0 : 1)
                    .thenComparingInt(member -> member.votes() ? 0 : 1)
                    .thenComparingInt(Standing::number);

    public Roles {
        voters = Set.copyOf(voters);
        observers = Set.copyOf(observers);
    }

    /// How many of `members` vote.
    public static int votes(int members) {
        if (members < 1) {
            throw new IllegalArgumentException("members: " + members + " (expected: 1 or more)");
        }
        return members < 3 ? 1 : members < 5 ? 3 : 5;
    }

    /// Who can be reached votes before who cannot, who votes now before who does not, and of equals
    /// the one that is longest in the pool: nothing changes without a need.
    ///
    /// @param members at least one, each number once
    public static Roles of(Collection<Standing> members) {
        ArrayList<Standing> order = new ArrayList<>(members);
        order.sort(BEFORE);
        int votes = votes(order.size());
        TreeSet<Integer> voters = new TreeSet<>();
        TreeSet<Integer> observers = new TreeSet<>();
        for (Standing member : order) {
            (voters.size() < votes ? voters : observers).add(member.number());
        }
        if (voters.size() + observers.size() < order.size()
                || voters.stream().anyMatch(observers::contains)) {
            throw new IllegalArgumentException(
                    "members: " + members + " (expected: each number once)");
        }
        return new Roles(voters, observers);
    }
}
