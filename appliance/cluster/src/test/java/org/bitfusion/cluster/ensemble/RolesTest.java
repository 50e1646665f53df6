package org.bitfusion.cluster.ensemble;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RolesTest {
    @Test
    void oneOrThreeOrFiveVote() {
        int[] votes = {1, 1, 3, 3, 5, 5, 5, 5};
        for (int members = 1; members <= votes.length; members++) {
            List<Standing> all = new ArrayList<>();
            for (int number = 1; number <= members; number++) {
                all.add(new Standing(number, number == 1, true));
            }
            Roles roles = Roles.of(all);
            assertThat(roles.voters()).as("%d members", members).hasSize(votes[members - 1]);
            assertThat(roles.observers()).hasSize(members - votes[members - 1]);
        }
    }

    @Test
    void whoVotesGoesOnVoting() {
        assertThat(Roles.of(List.of(member(1, false), member(2, true))).voters())
                .containsExactly(2);
    }

    @Test
    void ofTwoNewOnesTheOlderVotes() {
        assertThat(Roles.of(List.of(member(2, false), member(1, false))).voters())
                .containsExactly(1);
    }

    @Test
    void whoCannotBeReachedGivesItsVoteToWhoCan() {
        Roles roles =
                Roles.of(
                        List.of(
                                member(1, true),
                                new Standing(2, true, false),
                                member(3, true),
                                member(4, false)));
        assertThat(roles.voters()).containsExactlyInAnyOrder(1, 3, 4);
        assertThat(roles.observers()).containsExactly(2);
    }

    @Test
    void asLongAsTooFewCanBeReachedTheOthersVoteToo() {
        Roles roles =
                Roles.of(
                        List.of(
                                new Standing(1, true, false),
                                member(2, true),
                                new Standing(3, false, false)));
        assertThat(roles.voters()).isEqualTo(Set.of(1, 2, 3));
    }

    @Test
    void rolesOnceGivenStayAsTheyAre() {
        Random random = new Random(20260101);
        for (int time = 0; time < 2000; time++) {
            List<Standing> before = new ArrayList<>();
            int members = 1 + random.nextInt(9);
            for (int number = 1; number <= members; number++) {
                before.add(new Standing(number, random.nextBoolean(), random.nextBoolean()));
            }
            Roles roles = Roles.of(before);
            List<Standing> after = new ArrayList<>();
            for (Standing member : before) {
                after.add(
                        new Standing(
                                member.number(),
                                roles.voters().contains(member.number()),
                                member.isReachable()));
            }
            assertThat(Roles.of(after)).isEqualTo(roles);
        }
    }

    @Test
    void aNumberCountsOnce() {
        assertThatThrownBy(() -> Roles.of(List.of(member(1, true), member(1, false))))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Roles.of(List.of())).isInstanceOf(IllegalArgumentException.class);
    }

    private static Standing member(int number, boolean votes) {
        return new Standing(number, votes, true);
    }
}
