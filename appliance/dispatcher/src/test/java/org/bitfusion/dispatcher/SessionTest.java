package org.bitfusion.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.bitfusion.dispatcher.FakeWorker.Behaviour;
import org.bitfusion.protocol.Hello;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// One session and its worker, from the order to open to the end.
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SessionTest {
    @TempDir private Path folder;

    private Parts parts(Behaviour behaviour) throws IOException {
        return new Parts(folder, behaviour, 0);
    }

    @Test
    void aWorkerThatDiesEndsItsSession() throws IOException {
        try (Parts parts = parts(Behaviour.GOOD)) {
            Parts.opened(parts.open(parts.broker(), Hello.NO_LEASE));
            parts.processes().forEach(ProcessHandle::destroyForcibly);
            await().until(() -> parts.folder.sessions().isEmpty());
        }
    }

    @Test
    void aWorkerThatMakesNoSenseIsKilledAndThereIsNoSession() throws IOException {
        try (Parts parts = parts(Behaviour.RAVES)) {
            assertThat(parts.open(parts.broker(), Hello.NO_LEASE).join())
                    .isEqualTo(new SessionResult.NoWorker());
            await().until(() -> parts.folder.sessions().isEmpty());
        }
    }

    @Test
    void whyThereIsNoSessionIsSaid() throws IOException {
        try (Parts parts = parts(Behaviour.NO_PORT)) {
            SessionBroker broker = parts.broker();
            assertThat(parts.open(broker, Hello.NO_LEASE).join())
                    .isEqualTo(new SessionResult.NoPort());
            assertThat(parts.open(broker, UUID.randomUUID()).join())
                    .isEqualTo(new SessionResult.LeaseEnded());
        }
        try (Parts parts = parts(Behaviour.FAILS_TO_OPEN)) {
            assertThat(parts.open(parts.broker(), Hello.NO_LEASE).join())
                    .isEqualTo(new SessionResult.NoWorker());
        }
        try (Parts parts = parts(Behaviour.FAILS)) {
            assertThat(parts.open(parts.broker(), Hello.NO_LEASE).join())
                    .isEqualTo(new SessionResult.NoWorker());
        }
    }

    @Test
    void aSessionToWhichNobodyComesIsGivenUp() throws IOException {
        try (Parts parts = parts(Behaviour.LONELY)) {
            SessionBroker broker = parts.broker();
            Parts.opened(parts.open(broker, Hello.NO_LEASE));
            assertThat(parts.processes()).hasSize(1);
            await().atMost(Session.PATIENCE.plusSeconds(5))
                    .until(() -> parts.processes().isEmpty());
            await().until(() -> parts.folder.sessions().isEmpty());
        }
    }
}
