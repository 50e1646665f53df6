package org.bitfusion.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bitfusion.cluster.pool.Relay;
import org.bitfusion.scheduler.pool.Client;
import org.bitfusion.scheduler.request.Share;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Managers, appliances and connections that break between two steps of a grant.
class AllocatorFaultsIT {
    private static final Duration SOON = Duration.ofSeconds(15);
    private static final UUID CLIENT = UUID.randomUUID();

    @TempDir Path folder;

    private TestPool pool;

    @BeforeEach
    void start() throws IOException {
        pool = new TestPool(folder, 2);
    }

    @AfterEach
    void stop() throws IOException {
        pool.close();
    }

    private Relay relayOf(TestNode node) {
        return pool.relays.get(pool.nodes.indexOf(node));
    }

    private void ended(Answer.Granted granted) {
        assertThat(pool.notScheduling().allocator.leave(granted.id(), Optional.of(CLIENT)))
                .isInstanceOf(LeaveAnswer.Over.class);
        pool.awaitNothingLeft();
    }

    /// Of both appliances.
    private static Ask all() {
        return TestPool.ask(CLIENT, 4, new Share.Whole());
    }

    @Test
    void whatOneApplianceRefusesIsUndoneAndAskedAgain() throws Exception {
        TestNode scheduling = pool.scheduling();
        TestNode other = pool.notScheduling();
        scheduling.peers.refusing.add(other.id);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Answer> answer = threads.submit(() -> TestPool.outcome(other.allocator, all()));
            await().atMost(SOON).until(() -> scheduling.peers.partsAsked.get() >= 1);
            assertThat(scheduling.allocator.lineHere()).hasSize(1);
            await().atMost(SOON)
                    .until(() -> scheduling.dispatcher.ledger().join().parts().isEmpty());
            scheduling.peers.refusing.clear();
            Answer.Granted granted = (Answer.Granted) answer.get();
            assertThat(granted.parts()).hasSize(2);
            ended(granted);
        }
    }

    @Test
    void whoWantsOneGpuGetsItElsewhereWhenAnApplianceIsSilent() {
        TestNode scheduling = pool.scheduling();
        scheduling.peers.silent.add(pool.notScheduling().id);
        Answer.Granted one =
                TestPool.granted(
                        scheduling.allocator, TestPool.ask(CLIENT, 2, new Share.Mebibytes(100)));
        Answer.Granted two =
                TestPool.granted(
                        scheduling.allocator, TestPool.ask(CLIENT, 2, new Share.Mebibytes(100)));
        Answer.Granted three =
                TestPool.granted(
                        scheduling.allocator, TestPool.ask(CLIENT, 2, new Share.Mebibytes(50)));
        assertThat(one.parts()).hasSize(1);
        for (Answer.Granted each : new Answer.Granted[] {one, two, three}) {
            assertThat(each.parts())
                    .singleElement()
                    .extracting(Answer.GivenPart::appliance)
                    .isEqualTo(scheduling.id);
            scheduling.allocator.leave(each.id(), Optional.of(CLIENT));
        }
        pool.awaitNothingLeft();
    }

    /// The appliance has taken its part, and the scheduling manager does not know.
    @Test
    void aPartThatWasTakenUnheardIsGivenBack() throws Exception {
        TestNode scheduling = pool.scheduling();
        TestNode other = pool.notScheduling();
        scheduling.peers.answersLost.add(other.id);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Ask ask = all();
            Future<Answer> answer =
                    threads.submit(() -> TestPool.outcome(scheduling.allocator, ask));
            await().atMost(SOON).until(() -> scheduling.peers.partsAsked.get() >= 4);
            scheduling.peers.answersLost.clear();
            Answer.Granted granted = (Answer.Granted) answer.get();
            for (TestNode node : pool.nodes) {
                assertThat(node.dispatcher.ledger().join().parts())
                        .singleElement()
                        .satisfies(taken ->
                                assertThat(taken.part().secret()).isEqualTo(granted.secret()));
            }
            ended(granted);
        }
    }

    /// Ends the scheduling manager as a process ends: without a word to anybody.
    private TestNode killSchedulingManagerBetweenMultiAndTake(Ask ask, ExecutorService threads)
            throws IOException {
        TestNode dies = pool.scheduling();
        dies.peers.gate = new CountDownLatch(1);
        var _ = threads.submit(() -> dies.allocator.request(ask, Duration.ofSeconds(3)));
        await().atMost(SOON).until(() -> pool.pool.held(ask.request().id()).isPresent());
        relayOf(dies).isolate();
        TestNode lives = pool.nodes.stream().filter(node -> node != dies).findFirst().orElseThrow();
        lives.peers.silent.add(dies.id);
        return lives;
    }

    @Test
    void whenTheSchedulingManagerDiesBeforePartsAreTakenTheNextGoesOn() throws Exception {
        Ask ask = TestPool.ask(CLIENT, 2, new Share.Whole());
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            TestNode lives = killSchedulingManagerBetweenMultiAndTake(ask, threads);
            Answer.Granted granted = TestPool.granted(lives.allocator, ask);
            assertThat(granted.parts())
                    .singleElement()
                    .extracting(Answer.GivenPart::appliance)
                    .isEqualTo(lives.id);
            pool.nodes.forEach(node -> node.peers.gate.countDown());
            pool.relays.forEach(Relay::heal);
            lives.peers.silent.clear();
            lives.allocator.leave(granted.id(), Optional.of(CLIENT));
            pool.awaitNothingLeft();
        }
    }

    @Test
    void whenNobodyComesBackThePromisesAreTakenBackByTheAppliances() throws Exception {
        Ask ask = all();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            TestNode lives = killSchedulingManagerBetweenMultiAndTake(ask, threads);
            await().atMost(TestNode.UNTAKEN.plus(SOON))
                    .until(() -> pool.pool.promised(lives.id).orElseThrow().leases().isEmpty());
            assertThat(pool.pool.held(ask.request().id()))
                    .as("the other part is still promised")
                    .isPresent();
            pool.relays.forEach(Relay::heal);
            // What the dead one still wants to do comes late, and to nothing.
            pool.awaitNothingLeft();
            pool.nodes.forEach(node -> node.peers.gate.countDown());
            pool.awaitNothingLeft();
        }
    }

    @Test
    void theLinesOrderOutlivesTheSchedulingManager() throws Exception {
        TestNode before = pool.scheduling();
        TestNode after = pool.notScheduling();
        Answer.Granted held = TestPool.granted(before.allocator, all());
        Ask first = all();
        Ask second = TestPool.ask(CLIENT, 1, new Share.Mebibytes(10));
        Answer.Queued firstTicket = (Answer.Queued) before.allocator.request(first, SOON);
        Answer.Queued secondTicket = (Answer.Queued) before.allocator.request(second, SOON);
        assertThat(firstTicket.place()).isEqualTo(1);
        assertThat(secondTicket.place()).isEqualTo(2);

        before.allocator.close();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Answer> late =
                    threads.submit(() ->
                            TestPool.outcome(
                                    after.allocator, TestPool.again(second, secondTicket)));
            await().atMost(SOON).until(() -> after.allocator.lineHere().size() == 1);
            Future<Answer> early =
                    threads.submit(() ->
                            TestPool.outcome(after.allocator, TestPool.again(first, firstTicket)));
            await().atMost(SOON).until(() -> after.allocator.lineHere().size() == 2);
            assertThat(after.allocator.lineHere().getFirst().id()).isEqualTo(first.request().id());

            after.allocator.leave(held.id(), Optional.of(CLIENT));
            assertThat(early.get()).isInstanceOf(Answer.Granted.class);
            assertThat(late.isDone()).isFalse();
            after.allocator.leave(first.request().id(), Optional.of(CLIENT));
            assertThat(late.get()).isInstanceOf(Answer.Granted.class);
            after.allocator.leave(second.request().id(), Optional.of(CLIENT));
        }
        pool.awaitNothingLeft();
    }

    /// Whoever ends its leases then does not see this one yet.
    @Test
    void aClientThatIsDisabledWhileItsPartsAreTakenGetsNothing() throws Exception {
        TestNode scheduling = pool.scheduling();
        scheduling.peers.gate = new CountDownLatch(1);
        Ask ask = TestPool.ask(CLIENT, 1, new Share.Whole());
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Answer> answer =
                    threads.submit(() -> TestPool.outcome(scheduling.allocator, ask));
            await().atMost(SOON).until(() -> pool.pool.held(ask.request().id()).isPresent());
            pool.settings.changeClient(
                    CLIENT.toString(), client -> new Client(client.id(), null, null, null, true));
            Thread.sleep(1000); // the scheduling manager hears of it
            scheduling.peers.gate.countDown();
            assertThat(answer.get()).isInstanceOf(Answer.Refused.class);
        }
        pool.awaitNothingLeft();
    }

    /// Its manager runs on, and nobody else would find it.
    @Test
    void anApplianceThatIsRemovedLeavesTheSchedulingToAnother() {
        TestNode removed = pool.scheduling();
        TestNode stays = pool.notScheduling();
        assertThat(pool.pool.forget(removed.id)).isTrue();
        await().atMost(SOON)
                .until(() -> stays.allocator.scheduling().equals(Optional.of(stays.id)));
        Answer.Granted granted =
                TestPool.granted(stays.allocator, TestPool.ask(CLIENT, 2, new Share.Whole()));
        assertThat(granted.parts())
                .singleElement()
                .extracting(Answer.GivenPart::appliance)
                .isEqualTo(stays.id);
        stays.allocator.leave(granted.id(), Optional.of(CLIENT));
        pool.awaitNothingLeft();
        assertThat(pool.pool.view().appliances()).as("it stays removed").hasSize(1);
    }

    @Test
    void withoutAMajorityTheOutcomeIsClearAtOnceAndAllHealsByItself() throws Exception {
        TestNode node = pool.nodes.getFirst();
        Answer.Granted running =
                TestPool.granted(node.allocator, TestPool.ask(CLIENT, 3, new Share.Mebibytes(200)));
        Ask waits = all();
        Answer.Queued queued = (Answer.Queued) node.allocator.request(waits, SOON);
        for (Relay relay : pool.relays) {
            relay.isolate();
        }
        Ask ask = TestPool.ask(CLIENT, 1, new Share.Mebibytes(10));
        long begun = System.nanoTime();
        assertThat(node.allocator.request(ask, Duration.ofSeconds(30)))
                .isInstanceOf(Answer.NoMajority.class);
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(SOON);
        assertThat(node.allocator.request(TestPool.again(waits, queued), Duration.ofSeconds(30)))
                .isInstanceOf(Answer.Queued.class);
        for (TestNode each : pool.nodes) {
            assertThat(each.dispatcher.ledger().join().parts()).as("goes on").hasSize(1);
        }

        pool.relays.forEach(Relay::heal);
        await().atMost(TestPool.LONG)
                .until(() ->
                        node.allocator.request(TestPool.again(waits, queued), SOON)
                                        instanceof Answer.Queued now
                                && now.place() == 1);
        for (TestNode each : pool.nodes) {
            assertThat(each.dispatcher.ledger().join().parts()).as("goes on").hasSize(1);
        }
        node.allocator.leave(running.id(), Optional.of(CLIENT));
        Answer.Granted granted = TestPool.granted(node.allocator, TestPool.again(waits, queued));
        ended(granted);
    }
}
