package org.bitfusion.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.scheduler.request.Refusal;
import org.bitfusion.scheduler.request.Share;
import org.bitfusion.tls.store.MemoryRecordStore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LineTest {
    private static final UUID CLIENT = new UUID(7, 7);
    private static final Optional<UUID> OF_CLIENT = Optional.of(CLIENT);
    private static final Duration AT_ONCE = Duration.ZERO;

    private final ManagersKey key =
            ManagersKey.readOrCreate(new MemoryRecordStore(), new SecureRandom());
    private Instant wall = Instant.parse("2026-01-01T00:00:00Z");
    private long nanoTime = Duration.ofDays(3).toNanos();
    private final Line line = new Line(key, new Clocks(() -> wall, () -> nanoTime));

    @BeforeEach
    void open() {
        line.open(true);
    }

    private void pass(Duration time) {
        wall = wall.plus(time);
        nanoTime += time.toNanos();
    }

    private static Ask ask() {
        return TestPool.ask(CLIENT, 1, new Share.Whole());
    }

    private Answer asked(Line of, Ask ask) {
        return of.ask(ask, 0, AT_ONCE, () -> {});
    }

    private Answer.Queued queued(Line of, Ask ask) {
        Answer answer = asked(of, ask);
        assertThat(answer).isInstanceOf(Answer.Queued.class);
        return (Answer.Queued) answer;
    }

    private List<UUID> order(Line of) {
        return of.candidates().stream().map(candidate -> candidate.ask().id()).toList();
    }

    private void dropVanished(Line of) {
        var _ = of.dropVanished(steady().minusSeconds(30));
    }

    /// Else whoever had once asked could come before all others for a year.
    @Test
    void whoStoppedAskingComesBehindThoseWhoAskedMeanwhile() {
        Ask early = ask();
        Answer.Queued ticket = queued(line, early);
        pass(Ticket.LIFE.multipliedBy(2));
        dropVanished(line);
        Ask late = ask();
        queued(line, late);
        queued(line, TestPool.again(early, ticket));
        assertThat(order(line)).containsExactly(late.id(), early.id());
    }

    @Test
    void whoGoesOnAskingKeepsThePlaceAtEveryManager() {
        Ask early = ask();
        Answer.Queued ticket = queued(line, early);
        for (int minute = 0; minute < 30; minute++) {
            pass(Duration.ofMinutes(1));
            ticket = queued(line, TestPool.again(early, ticket));
        }
        Line next = new Line(key, new Clocks(() -> wall, () -> nanoTime));
        next.open(true);
        Ask late = ask();
        queued(next, late);
        queued(next, TestPool.again(early, ticket));
        assertThat(order(next)).containsExactly(early.id(), late.id());
    }

    @Test
    void whoWasServedDoesNotComeBeforeOthersAgain() {
        Ask first = ask();
        Answer.Queued ticket = queued(line, first);
        assertThat(line.decided(first.id(), new Answer.Refused(Refusal.TOO_FEW_GPUS, ""))).isTrue();
        assertThat(asked(line, first)).isInstanceOf(Answer.Refused.class);
        Ask second = ask();
        queued(line, second);
        queued(line, TestPool.again(first, ticket));
        assertThat(order(line)).containsExactly(second.id(), first.id());
    }

    /// What a client says and takes back comes over two connections, in whichever order.
    @Test
    void aRequestThatWasTakenBackBeforeItCameIsTakenBack() {
        Ask ask = ask();
        assertThat(line.leave(ask.id(), OF_CLIENT)).isFalse();
        assertThat(asked(line, ask)).isInstanceOf(Answer.Left.class);
        assertThat(order(line)).isEmpty();
        Ask waits = ask();
        Answer.Queued ticket = queued(line, waits);
        assertThat(line.leave(waits.id(), OF_CLIENT)).isTrue();
        assertThat(asked(line, TestPool.again(waits, ticket))).isInstanceOf(Answer.Left.class);
        assertThat(order(line)).isEmpty();
    }

    @Test
    void nobodyTakesBackWhatIsAnothersAlsoBeforeItComes() {
        Ask ask = ask();
        assertThat(line.leave(ask.id(), Optional.of(UUID.randomUUID()))).isFalse();
        queued(line, ask);
        assertThat(line.leave(ask.id(), Optional.of(UUID.randomUUID()))).isFalse();
        assertThat(order(line)).containsExactly(ask.id());
        queued(line, ask);
    }

    @Test
    void oneClientDoesNotFillTheLine() {
        for (int i = 0; i < Line.MOST_OF_A_CLIENT; i++) {
            queued(line, ask());
        }
        Ask known = line.candidates().getFirst().ask();
        assertThat(asked(line, ask())).isInstanceOf(Answer.TooMany.class);
        queued(line, known);
        queued(line, TestPool.ask(UUID.randomUUID(), 1, new Share.Whole()));
        line.leave(known.id(), OF_CLIENT);
        queued(line, ask());
    }

    @Test
    void aClockThatIsSetNeitherDropsNorKeepsAnybody() {
        Ask ask = TestPool.ask(CLIENT, 1, new Share.Whole(), Duration.ofMinutes(5));
        queued(line, ask);
        assertThat(line.areTried(List.of(ask.id()), steady())).isFalse();
        wall = wall.plus(Duration.ofHours(2));
        dropVanished(line);
        assertThat(order(line)).containsExactly(ask.id());
        assertThat(line.candidates().getFirst().waiting().isExpired(steady())).isFalse();
        wall = wall.minus(Duration.ofDays(2));
        Ask late = ask();
        queued(line, late);
        assertThat(order(line)).as("their order").containsExactly(ask.id(), late.id());
        pass(Duration.ofMinutes(5));
        assertThat(line.candidates().getFirst().waiting().isExpired(steady())).isTrue();
        dropVanished(line);
        assertThat(order(line)).isEmpty();
    }

    private Instant steady() {
        return new Clocks(() -> wall, () -> nanoTime).steady();
    }
}
