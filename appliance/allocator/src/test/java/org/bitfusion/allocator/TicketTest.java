package org.bitfusion.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.Share;
import org.bitfusion.tls.store.MemoryRecordStore;
import org.bitfusion.tls.store.RecordStore;
import org.junit.jupiter.api.Test;

class TicketTest {
    private static final Instant NOW = Instant.parse("2025-12-31T23:00:00.125Z");
    private static final Ticket TICKET =
            new Ticket(1_777_777_777_123_456L, -3, Instant.parse("2026-01-01T00:00:00.250Z"), NOW);

    private final RecordStore store = new MemoryRecordStore();
    private final ManagersKey key = ManagersKey.readOrCreate(store, new SecureRandom());
    private final Ask ask = TestPool.ask(UUID.randomUUID(), 2, new Share.Mebibytes(100));

    private static Ask with(Ask ask, String ticket) {
        return new Ask(ask.request(), ask.asker(), ask.timeout(), Optional.of(ticket));
    }

    @Test
    void anyManagerOfThePoolKnowsIt() {
        ManagersKey others = ManagersKey.readOrCreate(store, new SecureRandom());
        assertThat(Ticket.open(others, with(ask, TICKET.seal(key, ask)), NOW)).contains(TICKET);
    }

    @Test
    void itIsOfNoUseForAnotherWishOrAnotherClientOrInAnotherPool() {
        String sealed = TICKET.seal(key, ask);
        Request wished = ask.request();
        Request more =
                new Request(
                        wished.id(),
                        wished.client(),
                        wished.origin(),
                        TestPool.ask(ask.asker().client(), 4, new Share.Whole()).request().wish(),
                        null);
        assertThat(
                        Ticket.open(
                                key,
                                with(
                                        new Ask(more, ask.asker(), ask.timeout(), Optional.empty()),
                                        sealed),
                                NOW))
                .isEmpty();
        Ask other = TestPool.ask(UUID.randomUUID(), 2, new Share.Mebibytes(100));
        assertThat(Ticket.open(key, with(other, sealed), NOW)).isEmpty();
        ManagersKey foreign = ManagersKey.readOrCreate(new MemoryRecordStore(), new SecureRandom());
        assertThat(Ticket.open(foreign, with(ask, sealed), NOW)).isEmpty();
        assertThat(Ticket.open(key, ask, NOW)).isEmpty();
    }

    @Test
    void whateverIsChangedOfItMakesItNone() {
        byte[] sealed = Base64.getUrlDecoder().decode(TICKET.seal(key, ask));
        for (int at = 0; at < sealed.length; at++) {
            byte[] changed = sealed.clone();
            changed[at] ^= 1;
            String text = Base64.getUrlEncoder().withoutPadding().encodeToString(changed);
            assertThat(Ticket.open(key, with(ask, text), NOW)).isEmpty();
        }
        for (String nonsense : new String[] {"", "%", "AAAA", "A".repeat(10_000)}) {
            assertThat(Ticket.open(key, with(ask, nonsense), NOW)).isEmpty();
        }
    }

    @Test
    void itHoldsAPlaceOnlyForWhoGoesOnAsking() {
        Ask again = with(ask, TICKET.seal(key, ask));
        for (Duration away : new Duration[] {Ticket.LIFE, Ticket.LIFE.negated()}) {
            assertThat(Ticket.open(key, again, NOW.plus(away))).contains(TICKET);
            assertThat(Ticket.open(key, again, NOW.plus(away.multipliedBy(2)))).isEmpty();
        }
        Instant later = NOW.plus(Ticket.LIFE.multipliedBy(2));
        Ask told = with(ask, TICKET.givenAt(later).seal(key, ask));
        assertThat(Ticket.open(key, told, later)).contains(TICKET.givenAt(later));
    }

    @Test
    void theSecretOfALeaseIsTheSameForAnyManagerAndAnotherForEachAttempt() {
        ManagersKey others = ManagersKey.readOrCreate(store, new SecureRandom());
        UUID lease = UUID.randomUUID();
        UUID attempt = UUID.randomUUID();
        assertThat(others.leaseSecret(lease, attempt)).isEqualTo(key.leaseSecret(lease, attempt));
        assertThat(key.leaseSecret(lease, UUID.randomUUID()))
                .isNotEqualTo(key.leaseSecret(lease, attempt));
        assertThat(key.toString()).isEqualTo("ManagersKey[...]");
    }
}
