package org.bitfusion.cluster.election;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.TestMembers;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.cluster.pool.PoolState;
import org.bitfusion.cluster.pool.Relay;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CandidacyIT {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final UUID FIRST = new UUID(0, 1);
    private static final UUID SECOND = new UUID(0, 2);

    @TempDir static Path temporary;

    private static TestMembers members;
    private static Member member;

    @BeforeAll
    static void start() {
        members = new TestMembers(temporary);
        member = TestMembers.member(1);
        members.start(member, List.of(member), List.of());
        PoolConnection connection = members.connect(member, List.of(member));
        assertThat(connection.awaitConnected(LONG)).isTrue();
        new PoolState(connection).prepare();
    }

    @AfterAll
    static void stop() {
        members.close();
    }

    private static PoolConnection connected(Member to) {
        PoolConnection connection = members.connect(member, List.of(to));
        assertThat(connection.awaitConnected(LONG)).isTrue();
        return connection;
    }

    @Test
    void oneSchedulesUntilItCloses() {
        try (PoolConnection one = connected(member);
                PoolConnection other = connected(member)) {
            Candidacy first = new Candidacy(one, FIRST);
            Candidacy second = new Candidacy(other, SECOND);
            assertThat(first.scheduling()).isEmpty();
            assertThat(first.seek()).contains(FIRST);
            assertThat(second.seek()).contains(FIRST);
            assertThat(first.seek()).contains(FIRST);
            second.close();
            assertThat(first.scheduling()).contains(FIRST);
            first.close();
            assertThat(second.seek()).contains(SECOND);
            second.close();
        }
    }

    @Test
    void whoIsCutOffIsFollowedOnceItsSessionIsOver() throws Exception {
        try (Relay relay = new Relay(member.ports().client());
                PoolConnection other = connected(member)) {
            Member.Ports ports =
                    new Member.Ports(
                            member.ports().quorum(), member.ports().election(), relay.port());
            PoolConnection one = connected(new Member(1, member.appliance(), member.host(), ports));
            Candidacy first = new Candidacy(one, FIRST);
            Candidacy second = new Candidacy(other, SECOND);
            assertThat(first.seek()).contains(FIRST);
            relay.isolate();
            assertThat(second.seek()).contains(FIRST);
            await().atMost(LONG).until(() -> second.seek().equals(Optional.of(SECOND)));
            relay.heal();
            assertThat(one.awaitConnected(LONG)).isTrue();
            assertThat(first.seek()).contains(SECOND);
            first.close();
            assertThat(second.scheduling()).contains(SECOND);
            second.close();
        }
    }

    @Test
    void anApplianceThatStartsAgainDoesNotWaitForItsOldSession() {
        try (PoolConnection old = connected(member);
                PoolConnection now = connected(member)) {
            Candidacy before = new Candidacy(old, FIRST);
            Candidacy after = new Candidacy(now, FIRST);
            assertThat(before.seek()).contains(FIRST);
            assertThat(after.seek()).contains(FIRST);
            before.close();
            assertThat(after.scheduling()).as("it is not the old session's").contains(FIRST);
            after.close();
        }
    }
}
