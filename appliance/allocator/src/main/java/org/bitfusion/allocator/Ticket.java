package org.bitfusion.allocator;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;

/// A request's place in the line, as its client keeps it, so that the place outlives the manager
/// that gave it:
///
/// ```
/// 8 arrival | 4 priority | 8 deadline, ms since 1970 | 8 given, ms since 1970 | 32 HMAC-SHA-256
/// ```
///
/// in base64url. The HMAC is also over the request's identifier, its client and what it wishes:
/// nobody else can use the ticket, and for nothing else. Nor can its client keep it for another
/// day: it holds a place only for who goes on asking ([#LIFE]), with the ticket of the last answer.
///
/// @param arrival grows with each request of the pool
/// @param given when a manager last told its holder that it waits
record Ticket(long arrival, int priority, Instant deadline, Instant given) {
    /// From when it was given. As long as a pool may take to be started again, and as the managers'
    /// clocks may differ.
    static final Duration LIFE = Duration.ofMinutes(10);

    private static final int BYTES = 28;
    private static final int SEALED_BYTES = BYTES + 32;

    String seal(ManagersKey key, Ask ask) {
        ByteBuffer sealed = ByteBuffer.allocate(SEALED_BYTES);
        sealed.put(bytes()).put(authentication(key, ask));
        return Base64.getUrlEncoder().withoutPadding().encodeToString(sealed.array());
    }

    private byte[] bytes() {
        return ByteBuffer.allocate(BYTES)
                .putLong(arrival)
                .putInt(priority)
                .putLong(deadline.toEpochMilli())
                .putLong(given.toEpochMilli())
                .array();
    }

    private byte[] authentication(ManagersKey key, Ask ask) {
        byte[] wish = ask.request().toString().getBytes(StandardCharsets.UTF_8);
        return key.authentication(
                "ticket", ByteBuffer.allocate(BYTES + wish.length).put(bytes()).put(wish).array());
    }

    /// The same, told again.
    Ticket givenAt(Instant now) {
        return new Ticket(arrival, priority, deadline, now);
    }

    /// @return empty if it has none, or none that a manager of this pool gave for the same not long
    ///   ago
    static Optional<Ticket> open(ManagersKey key, Ask ask, Instant now) {
        return ask.ticket()
                .flatMap(text -> open(key, ask, text))
                .filter(ticket -> Duration.between(ticket.given, now).abs().compareTo(LIFE) <= 0);
    }

    private static Optional<Ticket> open(ManagersKey key, Ask ask, String text) {
        byte[] sealed;
        try {
            sealed = Base64.getUrlDecoder().decode(text);
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
        if (sealed.length != SEALED_BYTES) {
            return Optional.empty();
        }
        ByteBuffer in = ByteBuffer.wrap(sealed);
        Ticket ticket =
                new Ticket(
                        in.getLong(),
                        in.getInt(),
                        Instant.ofEpochMilli(in.getLong()),
                        Instant.ofEpochMilli(in.getLong()));
        byte[] shown = new byte[SEALED_BYTES - BYTES];
        in.get(shown);
        return MessageDigest.isEqual(shown, ticket.authentication(key, ask))
                ? Optional.of(ticket)
                : Optional.empty();
    }
}
