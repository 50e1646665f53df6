package org.bitfusion.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.bitfusion.dispatcher.FakeWorker.Behaviour;
import org.bitfusion.protocol.Hello;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Leases, sessions and their workers together.
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SessionBrokerTest {
    private static final long MIB = 1 << 20;

    @TempDir private Path folder;

    private Parts parts(Behaviour behaviour) throws IOException {
        return new Parts(folder, behaviour, 0);
    }

    @Test
    void aSessionIsToldItsPortAndIsKeptForTheNextDispatcher() throws IOException {
        try (Parts parts = parts(Behaviour.GOOD)) {
            SessionBroker broker = parts.broker();
            Lease lease = parts.lease(broker, 100 * MIB);
            SessionResult.Opened opened = Parts.opened(parts.open(broker, lease.id()));
            assertThat(opened.port()).isEqualTo(FakeWorker.PORT);
            assertThat(parts.folder.sessions())
                    .singleElement()
                    .satisfies(kept -> {
                        assertThat(kept.id()).isEqualTo(opened.session());
                        assertThat(kept.lease()).isEqualTo(lease.id());
                        assertThat(kept.process().isAlive()).isTrue();
                    });
        }
    }

    @Test
    void theEndOfALeaseEndsItsWorkersAndThenItsMemoryIsFree() throws IOException {
        try (Parts parts = parts(Behaviour.GOOD)) {
            SessionBroker broker = parts.broker();
            Lease lease = parts.lease(broker, 100 * MIB);
            Parts.opened(parts.open(broker, lease.id()));
            Parts.opened(parts.open(broker, lease.id()));
            long free = broker.free(0);
            CompletableFuture<Long> freeAtTheEnd = new CompletableFuture<>();
            assertThat(
                            parts.on(() ->
                                    broker.release(
                                            lease.id(),
                                            "",
                                            () -> freeAtTheEnd.complete(broker.free(0)))))
                    .isTrue();
            assertThat(freeAtTheEnd.join()).isEqualTo(free + 100 * MIB);
            assertThat(parts.processes()).isEmpty();
            assertThat(parts.folder.sessions()).isEmpty();
            assertThat(parts.folder.leases()).isEmpty();
            assertThat(parts.on(() -> broker.release(lease.id(), "", () -> {}))).isFalse();
        }
    }

    @Test
    void aWorkerThatDoesNotEndWithItsLeaseIsKilled() throws IOException {
        try (Parts parts = parts(Behaviour.STUBBORN)) {
            SessionBroker broker = parts.broker();
            Lease lease = parts.lease(broker, 100 * MIB);
            Parts.opened(parts.open(broker, lease.id()));
            CompletableFuture<Boolean> done = new CompletableFuture<>();
            parts.run(() -> broker.release(lease.id(), "", () -> done.complete(true)));
            assertThat(done).isNotDone();
            assertThat(done.join()).isTrue();
        }
    }

    @Test
    void theWordThatAProgramHasEndedEndsItsWorkerAndNoOther() throws IOException {
        try (Parts parts = parts(Behaviour.STUBBORN)) {
            SessionBroker broker = parts.broker();
            SessionResult.Opened one = Parts.opened(parts.open(broker, Hello.NO_LEASE));
            SessionResult.Opened other = Parts.opened(parts.open(broker, Hello.NO_LEASE));
            parts.run(() -> broker.end(Hello.NO_LEASE, one.session()));
            parts.run(() -> broker.end(Hello.NO_LEASE, UUID.randomUUID()));
            await().atMost(Duration.ofSeconds(10)).until(() -> parts.folder.sessions().size() == 1);
            assertThat(parts.processes()).hasSize(1);
            assertThat(parts.folder.sessions())
                    .singleElement()
                    .extracting(RunFolder.SessionRecord::id)
                    .isEqualTo(other.session());
        }
    }

    @Test
    void aLeaseHasOnlySoManySessionsAtATimeAndOthersTheirOwn() throws IOException {
        try (Parts parts = parts(Behaviour.GOOD)) {
            SessionBroker broker = parts.broker();
            Lease lease = parts.lease(broker, 100 * MIB);
            List<SessionResult.Opened> sessions = new ArrayList<>();
            for (int i = 0; i < Parts.MOST_SESSIONS; i++) {
                sessions.add(Parts.opened(parts.open(broker, lease.id())));
            }
            assertThat(parts.open(broker, lease.id()).join())
                    .isEqualTo(new SessionResult.TooMany());
            Parts.opened(parts.open(broker, Hello.NO_LEASE));
            parts.run(() -> broker.end(lease.id(), sessions.getFirst().session()));
            await().atMost(Duration.ofSeconds(10))
                    .until(() ->
                            parts.open(broker, lease.id()).join() instanceof SessionResult.Opened);
        }
    }
}
