package org.bitfusion.cluster.ensemble;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.TestMembers;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.cluster.process.ZooKeeperProcess;
import org.bitfusion.cluster.store.ZooKeeperRecordStore;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.store.RecordPath;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A pool grows from one to three and shrinks again, with a client that goes on all the time.
class EnsembleIT {
    private static final Duration LONG = Duration.ofSeconds(90);

    @TempDir Path temporary;

    private TestMembers members;
    private final Map<Integer, ZooKeeperProcess> processes = new TreeMap<>();
    private PoolConnection connection;
    private Ensemble ensemble;
    private ZooKeeperRecordStore store;
    private HealthProbe probe;
    private int written;

    @AfterEach
    void stop() {
        members.close();
    }

    @Test
    void growsAndShrinksWithoutAStop() {
        Member second = join(2);
        assertThat(settle(Set.of(1, 2)).voters()).containsExactly(1);
        write();
        Member third = join(3);
        assertThat(settle(Set.of(1, 2, 3)).voters()).containsExactlyInAnyOrder(1, 2, 3);
        write();
        Health health = health();
        assertThat(health.votes()).isEqualTo(3);
        assertThat(health.hasMajority()).isTrue();

        // The leader dies: the others choose another one, and the client goes on.
        Member leader = health.leader().orElseThrow();
        process(leader.number()).close();
        await().atMost(LONG)
                .until(() -> health().leader().filter(now -> !now.equals(leader)).isPresent());
        write();

        // Another one dies: no majority, and nothing can be removed.
        Member other =
                health().members().stream()
                        .filter(each -> each.state() == MemberState.FOLLOWER)
                        .findFirst()
                        .orElseThrow()
                        .member();
        process(other.number()).close();
        await().atMost(LONG).until(() -> !connection.isConnected());
        await().atMost(LONG).until(() -> states().contains(MemberState.NO_MAJORITY));
        assertThat(health().hasMajority()).isFalse();
        assertThat(ensemble.remove(leader.number(), health().reachable()))
                .isInstanceOf(RemoveOutcome.NoMajority.class);

        // It is back: all heals by itself.
        processes.put(other.number(), members.start(other, members.folder(other)));
        await().atMost(LONG).until(() -> connection.isConnected());
        write();

        RemoveOutcome removed = ensemble.remove(leader.number(), health().reachable());
        assertThat(removed).isInstanceOf(RemoveOutcome.Removed.class);
        assertThat(((RemoveOutcome.Removed) removed).rest().voters()).hasSize(1);
        write();
        Membership two = ensemble.membership();
        connection.members(two.members());
        Member observer = two.observingMembers().getFirst();
        assertThat(ensemble.remove(observer.number(), health().reachable()))
                .isInstanceOf(RemoveOutcome.Removed.class);
        process(observer.number()).close();
        write();
        Membership one = ensemble.membership();
        assertThat(one.members()).hasSize(1);
        assertThat(ensemble.remove(one.members().getFirst().number(), Set.of(1)))
                .isInstanceOf(RemoveOutcome.LastMember.class);
        assertThat(ensemble.remove(99, Set.of())).isInstanceOf(RemoveOutcome.NoSuchMember.class);
        assertThat(List.of(second, third)).doesNotContainNull();
    }

    @BeforeEach
    void begin() {
        members = new TestMembers(temporary);
        Member first = TestMembers.member(1);
        processes.put(1, members.start(first, List.of(first), List.of()));
        connection = members.connect(first, List.of(first));
        assertThat(connection.awaitConnected(LONG)).isTrue();
        ensemble = new Ensemble(connection);
        store = new ZooKeeperRecordStore(connection);
        assertThat(ensemble.found(first).members()).containsExactly(first);
        Identity identity = members.pool.appliance();
        probe =
                new HealthProbe(
                        TlsContext.client(
                                Optional.of(() -> identity),
                                PoolTrust.ofClient(
                                        List.of(members.pool.authority.root()),
                                        InstantSource.system())),
                        Duration.ofSeconds(10));
    }

    private Member join(int number) {
        Member wish = TestMembers.member(number);
        JoinOutcome outcome = ensemble.join(wish.appliance(), wish.host(), wish.ports());
        assertThat(outcome).isInstanceOf(JoinOutcome.Joined.class);
        JoinOutcome.Joined joined = (JoinOutcome.Joined) outcome;
        assertThat(joined.self()).isEqualTo(wish);
        // Asked again, as when the answer was lost.
        assertThat(ensemble.join(wish.appliance(), wish.host(), wish.ports())).isEqualTo(outcome);
        processes.put(
                number,
                members.start(
                        wish,
                        joined.membership().votingMembers(),
                        joined.membership().observingMembers()));
        await().atMost(LONG)
                .until(() ->
                        health().reachable().contains(number)
                                && !states().contains(MemberState.NO_MAJORITY));
        connection.members(ensemble.membership().members());
        return wish;
    }

    private ZooKeeperProcess process(int number) {
        return Objects.requireNonNull(processes.get(number));
    }

    private Membership settle(Set<Integer> reachable) {
        SettleOutcome outcome = ensemble.settle(reachable);
        assertThat(outcome).isInstanceOf(SettleOutcome.Settled.class);
        return ((SettleOutcome.Settled) outcome).membership();
    }

    /// Of the members as they were known last: asking needs no majority.
    private Health health() {
        if (connection.isConnected()) {
            last = ensemble.membership();
        }
        return probe.ask(last);
    }

    private Membership last = new Membership(List.of(), Set.of());

    private List<MemberState> states() {
        return health().members().stream().map(Health.MemberHealth::state).toList();
    }

    /// A change that is not lost, tried until there is a majority.
    private void write() {
        RecordPath path = new RecordPath("tokens", "t" + written);
        written++;
        await().atMost(LONG)
                .ignoreExceptionsInstanceOf(TlsException.class)
                .until(() -> store.create(path, new byte[1]) || store.read(path).isPresent());
        for (int number = 0; number < written; number++) {
            assertThat(store.read(new RecordPath("tokens", "t" + number))).isPresent();
        }
    }
}
