package org.bitfusion.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.TestMembers;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.cluster.pool.PoolSettings;
import org.bitfusion.cluster.pool.PoolState;
import org.bitfusion.cluster.pool.PoolView;
import org.bitfusion.cluster.pool.Relay;
import org.bitfusion.cluster.store.ZooKeeperRecordStore;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.request.Choice;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.Share;
import org.bitfusion.scheduler.request.Wish;

/// A ZooKeeper process, and appliances that reach it each through a relay of its own.
final class TestPool implements AutoCloseable {
    static final Duration LONG = Duration.ofSeconds(90);

    final List<TestNode> nodes = new ArrayList<>();
    final List<Relay> relays = new ArrayList<>();
    final PoolState pool;
    final PoolSettings settings;
    private final TestMembers members;
    private final Member voter = TestMembers.member(1);
    private final Map<UUID, TestNode> byId = new ConcurrentHashMap<>();

    TestPool(Path folder, int appliances) throws IOException {
        members = new TestMembers(folder);
        members.start(voter, List.of(voter), List.of());
        PoolConnection own = members.connect(voter, List.of(voter));
        assertThat(own.awaitConnected(LONG)).isTrue();
        pool = new PoolState(own);
        pool.prepare();
        settings = new PoolSettings(new ZooKeeperRecordStore(own));
        for (int number = 1; number <= appliances; number++) {
            nodes.add(start(number));
        }
        await().atMost(LONG)
                .until(() ->
                        pool.view().appliances().stream()
                                        .filter(each -> each.state() == ApplianceState.AVAILABLE)
                                        .count()
                                == appliances);
        await().atMost(LONG).until(() -> nodes.getFirst().allocator.scheduling().isPresent());
    }

    private TestNode start(int number) throws IOException {
        Relay relay = new Relay(voter.ports().client());
        relays.add(relay);
        Member.Ports ports =
                new Member.Ports(voter.ports().quorum(), voter.ports().election(), relay.port());
        Member through = new Member(1, voter.appliance(), voter.host(), ports);
        Member as = number == 1 ? voter : TestMembers.member(number);
        PoolConnection connection = members.connect(as, List.of(through));
        assertThat(connection.awaitConnected(LONG)).isTrue();
        return TestNode.start(new UUID(0, number), connection, new TestPeers(byId));
    }

    TestNode scheduling() {
        UUID id = nodes.getFirst().allocator.scheduling().orElseThrow();
        return nodes.stream().filter(node -> node.id.equals(id)).findFirst().orElseThrow();
    }

    TestNode notScheduling() {
        UUID id = scheduling().id;
        return nodes.stream().filter(node -> !node.id.equals(id)).findFirst().orElseThrow();
    }

    static Ask ask(UUID client, int gpus, Share share) {
        return ask(client, gpus, share, Duration.ofMinutes(5));
    }

    static Ask ask(UUID client, int gpus, Share share, Duration timeout) {
        return ask(client, new Wish(gpus, share, Choice.ANY), timeout);
    }

    static Ask ask(UUID client, Wish wish, Duration timeout) {
        Request request =
                new Request(UUID.randomUUID(), client.toString(), Lease.Origin.RUN, wish, null);
        return new Ask(
                request,
                new Ask.Asker(client, "ada", "python train.py"),
                timeout,
                Optional.empty());
    }

    static Ask again(Ask ask, Answer.Queued queued) {
        return new Ask(ask.request(), ask.asker(), ask.timeout(), Optional.of(queued.ticket()));
    }

    /// Asks until it has an outcome, as a client does.
    static Answer outcome(Allocator manager, Ask ask) {
        Ask asked = ask;
        while (true) {
            Answer answer = manager.request(asked, Duration.ofSeconds(2));
            if (!(answer instanceof Answer.Queued queued)) {
                return answer;
            }
            asked = again(ask, queued);
        }
    }

    static Answer.Granted granted(Allocator manager, Ask ask) {
        Answer answer = outcome(manager, ask);
        assertThat(answer).isInstanceOf(Answer.Granted.class);
        return (Answer.Granted) answer;
    }

    /// Neither a promise nor a lease nor a part of a ledger is left.
    void awaitNothingLeft() {
        await().atMost(LONG)
                .untilAsserted(() -> {
                    PoolView view = pool.view();
                    assertThat(view.held()).isEmpty();
                    assertThat(view.promises().values()).allMatch(each -> each.leases().isEmpty());
                    for (TestNode node : nodes) {
                        assertThat(node.dispatcher.ledger().join().parts()).isEmpty();
                    }
                });
    }

    @Override
    public void close() throws IOException {
        nodes.forEach(node -> node.peers.gate.countDown());
        nodes.forEach(TestNode::close);
        members.close();
        for (Relay relay : relays) {
            relay.close();
        }
    }
}
