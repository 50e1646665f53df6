package org.bitfusion.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.bitfusion.protocol.message.SessionOpen;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SessionRequestTest {
    private static final SessionOpen MESSAGE = new SessionOpen(1, "program", 0, 0, (byte) 0);
    private static final SessionResult OPENED = new SessionResult.Opened(1, new UUID(1, 1));

    private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
    private final SessionRequest request = new SessionRequest(executor, Duration.ofMillis(500));
    private final BlockingQueue<SessionResult> answers = new LinkedBlockingQueue<>();
    private final List<Consumer<SessionResult>> begun = new ArrayList<>();

    @AfterEach
    void stop() {
        executor.shutdownNow();
    }

    private boolean ask() throws Exception {
        return executor.submit(
                        () -> request.ask(answers::add, MESSAGE, (_, taker) -> begun.add(taker)))
                .get();
    }

    private void offer() throws Exception {
        executor.submit(() -> begun.getFirst().accept(OPENED)).get();
    }

    private SessionResult answer() throws InterruptedException {
        SessionResult answer = answers.poll(10, TimeUnit.SECONDS);
        assertThat(answer).isNotNull();
        return answer;
    }

    @Test
    void aWorkerThatIsThereIsToldAtOnceAndOnce() throws Exception {
        assertThat(ask()).isTrue();
        offer();
        assertThat(answer()).isEqualTo(OPENED);
        assertThat(ask()).as("a connection opens one session").isFalse();
        assertThat(request.isOver()).isTrue();
        assertThat(request.giveUp()).isFalse();
    }

    @Test
    void whoIsToldToAskAgainKeepsItsPlace() throws Exception {
        assertThat(ask()).isTrue();
        assertThat(ask()).as("it is asking").isFalse();
        assertThat(answer()).isEqualTo(new SessionResult.NotYet());
        assertThat(ask()).isTrue();
        assertThat(answer()).isEqualTo(new SessionResult.NotYet());
        assertThat(begun).as("got in line once").hasSize(1);
        offer();
        assertThat(request.isOver()).as("the worker is kept for it").isFalse();
        assertThat(ask()).isTrue();
        assertThat(answer()).isEqualTo(OPENED);
        assertThat(answers).isEmpty();
    }

    @Test
    void whoseWindowIsRefusedMayAskWithAnother() throws Exception {
        assertThat(ask()).isTrue();
        executor.submit(() -> begun.getFirst().accept(new SessionResult.NoWindow())).get();
        assertThat(answer()).isEqualTo(new SessionResult.NoWindow());
        assertThat(request.isOver()).isFalse();
        assertThat(ask()).isTrue();
        assertThat(begun).as("in the line again").hasSize(2);
        executor.submit(() -> begun.getLast().accept(OPENED)).get();
        assertThat(answer()).isEqualTo(OPENED);
        assertThat(ask()).isFalse();
    }

    @Test
    void whoseConnectionIsGoneWaitsNoMore() throws Exception {
        assertThat(request.giveUp()).as("it had not asked").isFalse();
        SessionRequest other = new SessionRequest(executor, Duration.ofMillis(500));
        assertThat(other.ask(answers::add, MESSAGE, (_, taker) -> begun.add(taker))).isTrue();
        assertThat(other.isOver()).isFalse();
        assertThat(other.giveUp()).isTrue();
        assertThat(other.isOver()).isTrue();
        begun.getFirst().accept(OPENED);
        assertThat(answers).isEmpty();
    }
}
