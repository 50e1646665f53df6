package org.bitfusion.cluster.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.TestMembers;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.cluster.connection.Presence;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Grants and their ends over a real ZooKeeper, with connections that break.
class PoolStateIT {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final Instant AT = Instant.parse("2026-01-01T00:00:00Z");
    private static final int MEMORY_MIB = 1000;

    @TempDir static Path temporary;

    private static TestMembers members;
    private static Member member;
    private static PoolConnection connection;
    private static PoolState state;

    private UUID first = new UUID(0, 0);
    private UUID second = new UUID(0, 0);

    @BeforeAll
    static void start() {
        members = new TestMembers(temporary);
        member = TestMembers.member(1);
        members.start(member, List.of(member), List.of());
        connection = members.connect(member, List.of(member));
        assertThat(connection.awaitConnected(LONG)).isTrue();
        state = new PoolState(connection);
        state.prepare();
    }

    @AfterAll
    static void stop() {
        members.close();
    }

    @BeforeEach
    void announce() {
        first = UUID.randomUUID();
        second = UUID.randomUUID();
        state.announce(appliance(first));
        state.announce(appliance(second));
    }

    @Test
    void whatWasAnnouncedIsSeen() {
        assertThat(state.view().appliances())
                .contains(appliance(first).withState(ApplianceState.UNAVAILABLE));
        try (Presence _ = state.presence(first)) {
            await().atMost(LONG).until(() -> state.view().appliances().contains(appliance(first)));
            assertThat(state.isAlive(first)).isTrue();
            assertThat(state.isAlive(second)).isFalse();
        }
        await().atMost(LONG).until(() -> !state.view().appliances().contains(appliance(first)));
    }

    @Test
    void aGrantPromisesAndItsEndTakesBack() {
        Lease lease = lease(new LeasedGpu(first, 1, 300), new LeasedGpu(second, 0, 300));
        assertThat(state.grant(lease, state.view())).isInstanceOf(GrantOutcome.Granted.class);
        assertThat(state.find(lease.id())).contains(lease);
        assertThat(promised(first, 1)).isEqualTo(300);
        assertThat(promised(first, 0)).isZero();
        assertThat(promised(second, 0)).isEqualTo(300);
        assertThat(state.forget(first)).isFalse();

        assertThat(state.end(lease.id())).isEqualTo(new EndOutcome.Ended(lease));
        assertThat(state.end(lease.id())).isInstanceOf(EndOutcome.NoSuchLease.class);
        assertThat(promised(first, 1)).isZero();
        assertThat(promised(second, 0)).isZero();
        assertThat(state.forget(first)).isTrue();
        assertThat(state.forget(first)).isTrue();
    }

    @Test
    void ofTwoGrantsOnOneViewTheSecondWritesNothing() {
        PoolView view = state.view();
        Lease one = lease(new LeasedGpu(first, 0, 600));
        Lease other = lease(new LeasedGpu(second, 0, 600), new LeasedGpu(first, 0, 600));
        assertThat(state.grant(one, view)).isInstanceOf(GrantOutcome.Granted.class);
        assertThat(state.grant(other, view)).isInstanceOf(GrantOutcome.Outdated.class);
        assertThat(state.find(other.id())).isEmpty();
        assertThat(promised(second, 0)).isZero();
    }

    /// Its manager was frozen between its look and its grant, and another schedules now.
    @Test
    void whatWasDecidedInAnEarlierTermIsNotGranted() {
        state.beginTerm();
        int term = state.term();
        PoolView view = state.view();
        HeldLease late =
                HeldLease.of(lease(new LeasedGpu(first, 0, 600)), UUID.randomUUID(), "ada");
        state.beginTerm();
        assertThat(state.term()).isGreaterThan(term);
        assertThat(state.grant(late, view, term)).isInstanceOf(GrantOutcome.Outdated.class);
        assertThat(state.find(late.lease().id())).isEmpty();
        assertThat(promised(first, 0)).isZero();
        assertThat(state.grant(late, view, state.term())).isInstanceOf(GrantOutcome.Granted.class);
    }

    @Test
    void aLeaseWithinAnotherPromisesNothingAndNeedsItsParent() {
        Lease parent = lease(new LeasedGpu(first, 0, 600));
        Lease child =
                new Lease(
                        UUID.randomUUID(),
                        "client",
                        Lease.Origin.RUN,
                        parent.id(),
                        List.of(new LeasedGpu(first, 0, 200)));
        assertThat(state.grant(child, state.view())).isInstanceOf(GrantOutcome.Outdated.class);
        state.grant(parent, state.view());
        assertThat(state.grant(child, state.view())).isInstanceOf(GrantOutcome.Granted.class);
        assertThat(state.find(child.id())).contains(child);
        assertThat(promised(first, 0)).isEqualTo(600);
        assertThat(state.end(child.id())).isInstanceOf(EndOutcome.Ended.class);
        assertThat(promised(first, 0)).isEqualTo(600);
    }

    @Test
    void partsEndOneByOneAndTheLastEndsTheLease() {
        Lease lease = lease(new LeasedGpu(first, 1, 300), new LeasedGpu(second, 0, 300));
        HeldLease held = HeldLease.of(lease, UUID.randomUUID(), "ada");
        assertThat(state.grant(held, state.view())).isInstanceOf(GrantOutcome.Granted.class);
        assertThat(state.givenNow(lease.id(), held.attempt(), first)).contains(held);
        assertThat(state.givenNow(lease.id(), UUID.randomUUID(), first)).isEmpty();

        assertThat(state.endPart(lease.id(), UUID.randomUUID(), first))
                .as("of a grant before")
                .isInstanceOf(EndOutcome.NoSuchLease.class);
        assertThat(state.endPart(lease.id(), held.attempt(), first))
                .isEqualTo(new EndOutcome.Ended(lease));
        assertThat(state.endPart(lease.id(), held.attempt(), first))
                .isInstanceOf(EndOutcome.NoSuchLease.class);
        assertThat(promised(first, 1)).isZero();
        assertThat(promised(second, 0)).isEqualTo(300);
        assertThat(state.givenNow(lease.id(), held.attempt(), first)).isEmpty();
        assertThat(state.view().leases())
                .filteredOn(each -> each.id().equals(lease.id()))
                .singleElement()
                .extracting(Lease::gpus)
                .isEqualTo(List.of(new LeasedGpu(second, 0, 300)));

        assertThat(state.endPart(lease.id(), held.attempt(), second))
                .isInstanceOf(EndOutcome.Ended.class);
        assertThat(state.held(lease.id())).isEmpty();
        assertThat(promised(second, 0)).isZero();
    }

    @Test
    void aLeaseThatIsThereIsNotGrantedAgainAndAnUndoneOneIs() {
        Lease lease = lease(new LeasedGpu(first, 0, 100));
        HeldLease one = HeldLease.of(lease, UUID.randomUUID(), "ada");
        HeldLease other = HeldLease.of(lease, UUID.randomUUID(), "ada");
        assertThat(state.grant(one, state.view())).isInstanceOf(GrantOutcome.Granted.class);
        assertThat(state.grant(other, state.view())).isInstanceOf(GrantOutcome.Outdated.class);
        assertThat(state.end(lease.id(), one.attempt())).isInstanceOf(EndOutcome.Ended.class);
        assertThat(state.grant(other, state.view())).isInstanceOf(GrantOutcome.Granted.class);
        assertThat(state.end(lease.id(), one.attempt()))
                .as("a late word about the first")
                .isInstanceOf(EndOutcome.NoSuchLease.class);
        assertThat(promised(first, 0)).isEqualTo(100);
        assertThat(state.resolve(lease.id(), one.attempt()))
                .isInstanceOf(GrantOutcome.Outdated.class);
        assertThat(state.resolve(lease.id(), other.attempt()))
                .isInstanceOf(GrantOutcome.Granted.class);
    }

    @Test
    void whatAGrantLeavesIsKnownWithoutReading() {
        PoolView view = state.view();
        HeldLease one = HeldLease.of(lease(new LeasedGpu(first, 0, 100)), first, "ada");
        HeldLease other = HeldLease.of(lease(new LeasedGpu(first, 0, 200)), second, "ada");
        assertThat(state.grant(one, view)).isInstanceOf(GrantOutcome.Granted.class);
        assertThat(state.grant(other, view.with(one))).isInstanceOf(GrantOutcome.Granted.class);
        assertThat(state.promised(first))
                .isEqualTo(
                        Optional.of(
                                Objects.requireNonNull(
                                        view.with(one).with(other).promises().get(first))));
    }

    /// It has been acknowledged that the appliance gives no new leases.
    @Test
    void whatWasDecidedBeforeADrainIsNotGranted() {
        PoolView view = state.view();
        Lease lease = lease(new LeasedGpu(second, 0, 100), new LeasedGpu(first, 0, 100));
        assertThat(state.drain(first, true)).isTrue();
        assertThat(state.grant(lease, view)).isInstanceOf(GrantOutcome.Outdated.class);
        assertThat(state.find(lease.id())).isEmpty();
        assertThat(promised(second, 0)).isZero();
        assertThat(state.drain(first, false)).isTrue();
        assertThat(state.grant(lease, state.view())).isInstanceOf(GrantOutcome.Granted.class);
    }

    /// Tiny ones, of as many GPUs as an appliance may have, on two at a time: the largest records.
    @Test
    void anApplianceHasAsManyLeasesAsItsRecordCanHold() throws Exception {
        fill(first, Promises.MOST_LEASES - 1);
        fill(second, Promises.MOST_LEASES - 1);
        Lease last = lease(new LeasedGpu(first, 0, 1), new LeasedGpu(second, 0, 1));
        assertThat(state.grant(last, state.view())).isInstanceOf(GrantOutcome.Granted.class);
        assertThat(Records.encode(state.promised(first).orElseThrow())).hasSizeGreaterThan(1 << 19);

        Lease beyond = lease(new LeasedGpu(first, 0, 1));
        assertThat(state.view().promises().get(first)).returns(true, Promises::isFull);
        assertThat(state.grant(beyond, state.view())).isInstanceOf(GrantOutcome.Outdated.class);
        assertThat(state.end(last.id())).isEqualTo(new EndOutcome.Ended(last));
        assertThat(state.grant(beyond, state.view())).isInstanceOf(GrantOutcome.Granted.class);
        for (UUID each : List.of(first, second)) {
            write(new Promises(each, 0, Map.of()));
        }
    }

    @Test
    void moreThanZooKeeperTakesAtOnceIsNotSent() {
        List<LeasedGpu> gpus = new ArrayList<>();
        Map<UUID, Promises> promises = new TreeMap<>();
        for (int number = 0; number < 20; number++) {
            UUID appliance = new UUID(9, number);
            promises.put(appliance, full(appliance, Promises.MOST_LEASES - 1));
            gpus.add(new LeasedGpu(appliance, 0, 1));
        }
        PoolView view = new PoolView(List.of(), promises, List.of());
        Lease lease = lease(gpus.toArray(LeasedGpu[]::new));
        assertThat(state.grant(lease, view)).isInstanceOf(GrantOutcome.TooLarge.class);
        assertThat(state.isConnected()).isTrue();
    }

    private static void fill(UUID appliance, int leases) throws Exception {
        write(full(appliance, leases));
    }

    private static void write(Promises promises) throws Exception {
        var _ =
                connection.repeated(curator ->
                        curator.setData()
                                .forPath(
                                        PoolNodes.PROMISES + "/" + promises.appliance(),
                                        Records.encode(promises)));
    }

    private static Promises full(UUID appliance, int leases) {
        List<LeasedGpu> all = new ArrayList<>();
        for (int index = 0; index < 64; index++) {
            all.add(new LeasedGpu(appliance, index, 100_000));
        }
        Map<UUID, List<LeasedGpu>> byLease = new TreeMap<>();
        for (int number = 0; number < leases; number++) {
            byLease.put(new UUID(8, number), all);
        }
        return new Promises(appliance, 0, byLease);
    }

    @Test
    void aDrainedApplianceStaysDrainedWhenItAnnouncesItself() {
        try (Presence _ = state.presence(first)) {
            await().atMost(LONG).until(() -> state.view().appliances().contains(appliance(first)));
            assertThat(state.drain(first, true)).isTrue();
            Contact contact = new Contact(56001, 55001, "5.0.0-abc");
            state.announce(appliance(first), contact);
            PoolView view = state.view();
            assertThat(view.appliances())
                    .contains(appliance(first).withState(ApplianceState.DRAINING));
            assertThat(view.contact(first)).isEqualTo(contact);
            assertThat(state.drain(first, false)).isTrue();
            assertThat(state.view().appliances()).contains(appliance(first));
            assertThat(state.view().contact(first)).isEqualTo(contact);
        }
        assertThat(state.drain(UUID.randomUUID(), true)).isFalse();
    }

    @Test
    void whatADeadApplianceHasPromisedCanBeTakenBackForIt() {
        Lease both = lease(new LeasedGpu(first, 1, 300), new LeasedGpu(second, 0, 300));
        Lease one = lease(new LeasedGpu(first, 0, 100));
        state.grant(both, state.view());
        state.grant(one, state.view());
        assertThat(state.forget(first)).isFalse();
        assertThat(state.takeBackAll(first)).containsExactlyInAnyOrder(both, one);
        assertThat(state.forget(first)).isTrue();
        assertThat(promised(second, 0)).as("goes on").isEqualTo(300);
        assertThat(state.held(one.id())).isEmpty();
        assertThat(state.end(both.id())).isInstanceOf(EndOutcome.Ended.class);
        assertThat(state.takeBackAll(first)).isEmpty();
    }

    @Test
    void aPromiseOfNoLeaseIsTakenBack() {
        Lease lease = lease(new LeasedGpu(first, 0, 100));
        state.grant(lease, state.view());
        assertThat(state.takeBackOrphan(lease.id(), first)).as("its lease is there").isFalse();
        assertThat(promised(first, 0)).isEqualTo(100);
        state.end(lease.id());
        assertThat(state.takeBackOrphan(lease.id(), first)).isTrue();
    }

    @Test
    void manySchedulersNeverPromiseMoreThanThereIs() throws Exception {
        List<Future<Integer>> granted = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            for (int scheduler = 0; scheduler < 4; scheduler++) {
                granted.add(threads.submit(this::grantUntilFull));
            }
            int sum = 0;
            for (Future<Integer> each : granted) {
                sum += each.get();
            }
            assertThat(sum).isEqualTo(10);
        }
        assertThat(promised(first, 0)).isEqualTo(MEMORY_MIB);
    }

    private int grantUntilFull() {
        int granted = 0;
        while (true) {
            PoolView view = state.view();
            if (Objects.requireNonNull(view.promises().get(first)).memoryMiB(0)
                    > MEMORY_MIB - 100) {
                return granted;
            }
            Lease lease = lease(new LeasedGpu(first, 0, 100));
            granted += state.grant(lease, view) instanceof GrantOutcome.Granted ? 1 : 0;
        }
    }

    @Test
    void aGrantWhoseAnswerIsLostIsFoundAndNotRepeated() throws Exception {
        try (Relay relay = new Relay(member.ports().client());
                PoolConnection broken = through(relay);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            PoolState other = new PoolState(broken);
            PoolView view = other.view();
            Lease lease = lease(new LeasedGpu(first, 0, 600));
            relay.loseAnswers();
            Future<GrantOutcome> outcome = threads.submit(() -> other.grant(lease, view));
            await().atMost(LONG).until(() -> state.find(lease.id()).isPresent());
            relay.cut();
            assertThat(outcome.get()).isInstanceOf(GrantOutcome.Granted.class);
            assertThat(promised(first, 0)).isEqualTo(600);
        }
    }

    @Test
    void aGrantThatNeverArrivedIsNotTakenForOne() throws Exception {
        try (Relay relay = new Relay(member.ports().client());
                PoolConnection broken = through(relay);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            PoolState other = new PoolState(broken);
            PoolView view = other.view();
            Lease lease = lease(new LeasedGpu(first, 0, 600));
            relay.loseRequests();
            Future<GrantOutcome> outcome = threads.submit(() -> other.grant(lease, view));
            await().atMost(LONG).until(() -> relay.requestBytesLost() > 200);
            relay.cut();
            assertThat(outcome.get()).isInstanceOf(GrantOutcome.Outdated.class);
            assertThat(promised(first, 0)).isZero();
        }
    }

    @Test
    void anEndWhoseAnswerIsLostIsAnEnd() throws Exception {
        Lease lease = lease(new LeasedGpu(first, 0, 600));
        state.grant(lease, state.view());
        try (Relay relay = new Relay(member.ports().client());
                PoolConnection broken = through(relay);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            PoolState other = new PoolState(broken);
            assertThat(other.find(lease.id())).isPresent();
            relay.loseAnswers();
            // Its first look is answered only after the cut; so it may be the first or second end.
            Future<EndOutcome> outcome = threads.submit(() -> other.end(lease.id()));
            assertThat(state.end(lease.id())).isInstanceOf(EndOutcome.Ended.class);
            relay.cut();
            assertThat(outcome.get()).isInstanceOf(EndOutcome.NoSuchLease.class);
        }
    }

    @Test
    void theNewestEventsAreKeptInOrder() {
        Events events = new Events(connection);
        int written = Events.MOST + 60;
        for (int number = 0; number < written; number++) {
            assertThat(events.append(AT.plusSeconds(number), "kind", "by", "text " + number))
                    .isTrue();
        }
        List<Event> newest = events.newest(2);
        assertThat(newest)
                .extracting(Event::text)
                .containsExactly("text " + (written - 2), "text " + (written - 1));
        assertThat(newest.getLast().at()).isEqualTo(AT.plusSeconds(written - 1));
        assertThat(events.newest(written)).hasSizeBetween(Events.MOST, Events.MOST + 50);
    }

    private PoolConnection through(Relay relay) {
        Member.Ports ports =
                new Member.Ports(member.ports().quorum(), member.ports().election(), relay.port());
        Member relayed = new Member(1, member.appliance(), member.host(), ports);
        PoolConnection broken = members.connect(member, List.of(relayed));
        assertThat(broken.awaitConnected(LONG)).isTrue();
        return broken;
    }

    private int promised(UUID appliance, int gpuIndex) {
        connection.settled();
        return Objects.requireNonNull(state.view().promises().get(appliance)).memoryMiB(gpuIndex);
    }

    private static Lease lease(LeasedGpu... gpus) {
        return new Lease(UUID.randomUUID(), "client", Lease.Origin.RUN, null, List.of(gpus));
    }

    private static Appliance appliance(UUID id) {
        List<Gpu> gpus = new ArrayList<>();
        for (int index = 0; index < 2; index++) {
            gpus.add(new Gpu(index, new UUID(1, index), "NVIDIA A100 40GB", MEMORY_MIB, index));
        }
        return new Appliance(
                id,
                new Appliance.Host("gpu-1", List.of("10.0.0.1:56001"), false, "12.4", ""),
                ApplianceState.AVAILABLE,
                gpus);
    }
}
