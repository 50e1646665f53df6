package org.bitfusion.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.scheduler.request.Choice;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.ServerAddress;
import org.bitfusion.scheduler.request.Share;
import org.bitfusion.scheduler.request.Wish;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Three appliances and their managers, as a client sees them.
class AllocatorIT {
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final UUID CLIENT = UUID.randomUUID();

    @TempDir static Path folder;

    private static TestPool pool;

    @BeforeAll
    static void start() throws IOException {
        pool = new TestPool(folder, 3);
    }

    @AfterAll
    static void stop() throws IOException {
        pool.close();
    }

    @AfterEach
    void nothingIsLeft() {
        pool.awaitNothingLeft();
    }

    @Test
    void aLeaseOverAllGpusIsGrantedTakenAndEndedByAnyManager() {
        Ask ask = TestPool.ask(CLIENT, 6, new Share.Whole());
        Answer.Granted granted = TestPool.granted(pool.notScheduling().allocator, ask);
        assertThat(granted.parts()).hasSize(3);
        assertThat(granted.id()).isEqualTo(ask.request().id());
        for (TestNode node : pool.nodes) {
            assertThat(node.dispatcher.ledger().join().parts())
                    .singleElement()
                    .satisfies(taken -> {
                        assertThat(taken.part().secret()).isEqualTo(granted.secret());
                        assertThat(taken.part().client()).isEqualTo(CLIENT);
                    });
        }
        assertThat(TestPool.granted(pool.scheduling().allocator, ask)).isEqualTo(granted);
        Optional<UUID> other = Optional.of(UUID.randomUUID());
        assertThat(pool.scheduling().allocator.leave(granted.id(), other))
                .isInstanceOf(LeaveAnswer.NoneThere.class);
        assertThat(pool.notScheduling().allocator.leave(granted.id(), Optional.of(CLIENT)))
                .isInstanceOf(LeaveAnswer.Over.class);
    }

    @Test
    void twoThirdsAndOneThirdOfOneGpuAndAThirdWaits() {
        Allocator manager = pool.scheduling().allocator;
        Ask others = TestPool.ask(CLIENT, 5, new Share.Whole());
        TestPool.granted(manager, others);
        Ask large = TestPool.ask(CLIENT, 1, new Share.Fraction(66, 100));
        Ask small = TestPool.ask(CLIENT, 1, new Share.Fraction(33, 100));
        Answer.Granted first = TestPool.granted(manager, large);
        Answer.Granted second = TestPool.granted(manager, small);
        assertThat(second.parts().getFirst().gpus().getFirst().uuid())
                .isEqualTo(first.parts().getFirst().gpus().getFirst().uuid());

        Ask third = TestPool.ask(CLIENT, 1, new Share.Fraction(33, 100));
        Answer answer = manager.request(third, SOON);
        assertThat(answer).isInstanceOf(Answer.Queued.class);
        Answer.Queued queued = (Answer.Queued) answer;
        assertThat(queued.place()).isEqualTo(1);
        assertThat(queued.waitsFor()).contains("waits for");
        assertThat(manager.lineHere())
                .singleElement()
                .extracting(Waiter::id)
                .isEqualTo(queued.id());

        manager.leave(small.request().id(), Optional.of(CLIENT));
        TestPool.granted(manager, TestPool.again(third, queued));
        for (Ask each : new Ask[] {others, large, third}) {
            manager.leave(each.request().id(), Optional.of(CLIENT));
        }
    }

    @Test
    void whatIsAskedForInsideASessionIsCutOutOfItsLeaseAndEndsWithIt() {
        Allocator manager = pool.scheduling().allocator;
        Answer.Granted parent =
                TestPool.granted(manager, TestPool.ask(CLIENT, 2, new Share.Mebibytes(200)));
        Ask inside = inside(parent.id(), CLIENT, new Share.Mebibytes(150));
        Answer.Granted child = TestPool.granted(manager, inside);
        Answer.GivenPart part = child.parts().getFirst();
        assertThat(parent.parts())
                .anySatisfy(of -> {
                    assertThat(of.appliance()).isEqualTo(part.appliance());
                    assertThat(of.gpus())
                            .extracting(Answer.GivenGpu::uuid)
                            .contains(part.gpus().getFirst().uuid());
                });
        TestNode node =
                pool.nodes.stream()
                        .filter(each -> each.id.equals(part.appliance()))
                        .findFirst()
                        .orElseThrow();
        assertThat(node.dispatcher.ledger().join().gpus())
                .as("it takes nothing of the pool")
                .allMatch(gpu -> gpu.poolBytes() == 0 || gpu.poolBytes() == 200L << 20);
        assertThat(node.dispatcher.ledger().join().parts()).hasSize(2);
        assertThat(manager.request(inside(parent.id(), CLIENT, new Share.Mebibytes(201)), SOON))
                .isInstanceOf(Answer.Refused.class);
        assertThat(
                        manager.request(
                                inside(parent.id(), UUID.randomUUID(), new Share.Mebibytes(10)),
                                SOON))
                .as("another client's lease")
                .isInstanceOf(Answer.Refused.class);
        assertThat(manager.leave(parent.id(), Optional.of(CLIENT)))
                .isInstanceOf(LeaveAnswer.Over.class);
    }

    /// Its programs have what there is; nobody else has to wait for that.
    @Test
    void whatALeaseHasNoRoomForHoldsUpNobodyElse() throws Exception {
        TestNode scheduling = pool.scheduling();
        Allocator manager = scheduling.allocator;
        Answer.Granted parent =
                TestPool.granted(manager, TestPool.ask(CLIENT, 1, new Share.Mebibytes(100)));
        TestNode full =
                pool.nodes.stream()
                        .filter(node -> node.id.equals(parent.parts().getFirst().appliance()))
                        .findFirst()
                        .orElseThrow();
        scheduling.peers.refusingInside.add(full.id);
        Ask inside = inside(parent.id(), CLIENT, new Share.Mebibytes(50));
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Answer> answer = threads.submit(() -> TestPool.outcome(manager, inside));
            String name = "gpu-" + full.id.getLeastSignificantBits();
            for (int before = 1; before <= 3; before++) {
                int asked = before;
                await().atMost(SOON.plusSeconds(10))
                        .until(() -> scheduling.peers.refusedInside.get() >= asked);
                Wish there =
                        new Wish(
                                1,
                                new Share.Mebibytes(10),
                                new Choice(List.of(), ServerAddress.parseList(name)));
                Ask other = TestPool.ask(UUID.randomUUID(), there, Duration.ofMinutes(5));
                assertThat(manager.request(other, Duration.ofSeconds(10)))
                        .isInstanceOf(Answer.Granted.class);
                manager.leave(other.request().id(), Optional.empty());
            }
            scheduling.peers.refusingInside.clear();
            assertThat(answer.get()).isInstanceOf(Answer.Granted.class);
        }
        manager.leave(parent.id(), Optional.of(CLIENT));
    }

    private static Ask inside(UUID parent, UUID client, Share share) {
        Ask plain = TestPool.ask(client, 1, share);
        Request request = plain.request();
        return new Ask(
                new Request(
                        request.id(), request.client(), request.origin(), request.wish(), parent),
                plain.asker(),
                plain.timeout(),
                Optional.empty());
    }

    @Test
    void whatCanNeverBeIsRefusedWithItsReason() {
        Answer answer =
                pool.notScheduling()
                        .allocator
                        .request(TestPool.ask(CLIENT, 7, new Share.Whole()), SOON);
        assertThat(answer).isInstanceOf(Answer.Refused.class);
        assertThat(((Answer.Refused) answer).sentence()).contains("7 GPUs asked for");
    }

    @Test
    void whoWaitsLongEnoughIsTold() {
        Allocator manager = pool.scheduling().allocator;
        Ask all = TestPool.ask(CLIENT, 6, new Share.Whole());
        TestPool.granted(manager, all);
        Ask ask = TestPool.ask(CLIENT, 1, new Share.Whole(), Duration.ofSeconds(2));
        assertThat(TestPool.outcome(manager, ask)).isInstanceOf(Answer.TimedOut.class);
        manager.leave(all.request().id(), Optional.of(CLIENT));
    }

    @Test
    void whoDoesNotWantToWaitIsTriedOnce() {
        Allocator manager = pool.scheduling().allocator;
        Ask at = TestPool.ask(CLIENT, 6, new Share.Whole(), Duration.ZERO);
        TestPool.granted(manager, at);
        Answer late =
                TestPool.outcome(
                        manager, TestPool.ask(CLIENT, 1, new Share.Whole(), Duration.ZERO));
        assertThat(late).isInstanceOf(Answer.TimedOut.class);
        assertThat(((Answer.TimedOut) late).sentence()).contains("0 of 1 free", "--timeout");
        manager.leave(at.request().id(), Optional.of(CLIENT));
    }

    @Test
    void whoWaitsIsToldItsPlaceAtOnce() {
        Allocator manager = pool.scheduling().allocator;
        Ask all = TestPool.ask(CLIENT, 6, new Share.Whole());
        TestPool.granted(manager, all);
        for (int place = 1; place <= 3; place++) {
            Ask next = TestPool.ask(CLIENT, 1, new Share.Whole());
            Answer answer = manager.request(next, Duration.ZERO);
            assertThat(answer).isInstanceOf(Answer.Queued.class);
            assertThat(((Answer.Queued) answer).place()).isEqualTo(place);
        }
        manager.lineHere().forEach(each -> manager.leave(each.id(), Optional.of(CLIENT)));
        manager.leave(all.request().id(), Optional.of(CLIENT));
    }

    @Test
    void whatNothingIsDoneWithIsTakenBackAndNothingElse() throws IOException {
        Allocator manager = pool.scheduling().allocator;
        UUID idler = UUID.randomUUID();
        Ask idle = TestPool.ask(idler, 6, new Share.Mebibytes(50));
        Ask other = TestPool.ask(CLIENT, 1, new Share.Mebibytes(50));
        TestPool.granted(manager, idle);
        TestPool.granted(manager, other);
        Queue<String> told = new ConcurrentLinkedQueue<>();
        TestNode silent = pool.nodes.get(2);
        List<IdleLeases> watching = new ArrayList<>();
        try {
            for (TestNode node : pool.nodes) {
                node.peers.silent.add(silent.id);
                watching.add(idleLeases(node, idler, Set.of(), told));
            }
            await().during(Duration.ofSeconds(2))
                    .atMost(SOON)
                    .until(() -> pool.pool.held(idle.request().id()).isPresent());
            assertThat(told).as("one does not answer: it may be in use there").isEmpty();
            pool.nodes.forEach(node -> node.peers.silent.clear());
            await().atMost(SOON).until(() -> pool.pool.held(idle.request().id()).isEmpty());
            assertThat(told).singleElement().asString().startsWith(idle.request().id().toString());
            assertThat(pool.pool.held(other.request().id())).isPresent();
        } finally {
            watching.forEach(IdleLeases::close);
        }
        manager.leave(other.request().id(), Optional.of(CLIENT));
    }

    /// @param idler whose leases may be idle for a second
    /// @param dead appliances that the pool does not see
    private static IdleLeases idleLeases(
            TestNode node, UUID idler, Set<UUID> dead, Queue<String> told) {
        return new IdleLeases(
                new IdleLeases.Settings(
                        node.id,
                        Duration.ofMillis(100),
                        Duration.ofSeconds(2),
                        Duration.ofMillis(200)),
                node.parts,
                node.pool,
                client ->
                        new ClientTerms(
                                ClientTerms.NO_LIMIT,
                                0,
                                client.equals(idler) ? Duration.ofSeconds(1) : Duration.ZERO,
                                false),
                new IdleLeases.Others(
                        Peers.withOwn(node.id, node.parts, node.peers),
                        appliance -> !dead.contains(appliance)),
                System::nanoTime,
                (held, time) -> told.add(held.lease().id() + " " + time));
    }

    /// Its own part stays promised until it is back, or removed.
    @Test
    void aDeadApplianceDoesNotKeepWhatNothingIsDoneWithElsewhere() {
        Allocator manager = pool.scheduling().allocator;
        UUID idler = UUID.randomUUID();
        Ask idle = TestPool.ask(idler, 6, new Share.Mebibytes(50));
        TestPool.granted(manager, idle);
        UUID lease = idle.request().id();
        Queue<String> told = new ConcurrentLinkedQueue<>();
        TestNode dead = pool.nodes.get(2);
        List<TestNode> living = pool.nodes.subList(0, 2);
        living.forEach(node -> node.peers.silent.add(dead.id));
        List<IdleLeases> watching =
                living.stream()
                        .map(node -> idleLeases(node, idler, Set.of(dead.id), told))
                        .toList();
        try {
            await().atMost(SOON)
                    .until(() ->
                            pool.pool
                                    .held(lease)
                                    .filter(held ->
                                            held.remaining().gpus().stream()
                                                    .allMatch(
                                                            gpu -> gpu.appliance().equals(dead.id)))
                                    .isPresent());
            assertThat(told).singleElement().asString().startsWith(lease.toString());
        } finally {
            watching.forEach(IdleLeases::close);
            living.forEach(node -> node.peers.silent.clear());
        }
        manager.leave(lease, Optional.of(idler));
    }

    @Test
    void whoStopsAskingLosesThePlace() {
        Allocator manager = pool.scheduling().allocator;
        Ask all = TestPool.ask(CLIENT, 6, new Share.Whole());
        TestPool.granted(manager, all);
        Ask vanished = TestPool.ask(CLIENT, 6, new Share.Whole());
        assertThat(manager.request(vanished, SOON)).isInstanceOf(Answer.Queued.class);
        await().atMost(TestNode.VANISHED.plusSeconds(5)).until(() -> manager.lineHere().isEmpty());
        manager.leave(all.request().id(), Optional.of(CLIENT));
    }
}
