package org.bitfusion.allocator;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/// How one manager reaches the appliances of this process, its own too, and what goes wrong on the
/// way.
final class TestPeers implements Peers {
    private final Map<UUID, TestNode> nodes;

    /// These do not answer: words to them are lost.
    final Set<UUID> silent = ConcurrentHashMap.newKeySet();

    /// These do what they are told, but their answers are lost.
    final Set<UUID> answersLost = ConcurrentHashMap.newKeySet();

    /// These take no part.
    final Set<UUID> refusing = ConcurrentHashMap.newKeySet();

    /// These take no part within a lease.
    final Set<UUID> refusingInside = ConcurrentHashMap.newKeySet();

    final AtomicInteger partsAsked = new AtomicInteger();
    final AtomicInteger refusedInside = new AtomicInteger();

    /// While it is not open, whoever is to take or to end a part hears of it later.
    volatile CountDownLatch gate = new CountDownLatch(0);

    /// @param nodes of all managers
    TestPeers(Map<UUID, TestNode> nodes) {
        this.nodes = nodes;
    }

    void add(TestNode node) {
        nodes.put(node.id, node);
    }

    private TestNode node(UUID appliance) throws IOException {
        if (silent.contains(appliance)) {
            throw new IOException("no route to " + appliance);
        }
        return Objects.requireNonNull(nodes.get(appliance));
    }

    private void answer(UUID appliance) throws IOException {
        if (answersLost.contains(appliance)) {
            throw new IOException("connection reset by " + appliance);
        }
    }

    private void passGate() throws IOException {
        try {
            gate.await();
        } catch (InterruptedException exception) {
            throw new IOException("interrupted", exception);
        }
    }

    @Override
    public PartAnswer take(UUID appliance, Part part) throws IOException {
        partsAsked.incrementAndGet();
        passGate();
        boolean isInside = part.content().parent() != null;
        if (refusing.contains(appliance) || (isInside && refusingInside.contains(appliance))) {
            refusedInside.addAndGet(isInside ? 1 : 0);
            return new PartAnswer.Refused("the test says so");
        }
        PartAnswer taken = node(appliance).parts.take(part);
        answer(appliance);
        return taken;
    }

    @Override
    public void end(UUID appliance, UUID lease, UUID attempt, String reason) throws IOException {
        passGate();
        node(appliance).parts.end(lease, attempt, reason);
        answer(appliance);
    }

    @Override
    public Optional<Duration> idle(UUID appliance, UUID lease) throws IOException {
        return node(appliance).parts.idle(lease);
    }

    @Override
    public Answer request(UUID appliance, Ask ask, Duration wait) throws IOException {
        return node(appliance).allocator.requestHere(ask, wait);
    }

    @Override
    public void leave(UUID appliance, UUID request, Optional<UUID> client) throws IOException {
        node(appliance).allocator.leaveHere(request, client);
    }

    @Override
    public List<Waiter> line(UUID appliance) throws IOException {
        return node(appliance).allocator.lineHere();
    }
}
