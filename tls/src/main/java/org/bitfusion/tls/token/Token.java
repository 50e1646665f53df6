package org.bitfusion.tls.token;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;

/// A token as it is listed: without its secret.
///
/// @param mostUses how many peers it enrols; empty for any number
/// @param uses how many it has enrolled
/// @param hour how many of these lately
/// @param lately the newest of these, at most [#REMEMBERED]
public record Token(
        TokenId id,
        String description,
        TokenPurpose purpose,
        Instant created,
        Instant expires,
        OptionalInt mostUses,
        int uses,
        Hour hour,
        boolean enabled,
        List<Use> lately) {
    /// Peers that a token enrols in an hour: more than the nodes of a site that come at once, and
    /// few beside what the pool can keep. Who has stolen a token of many uses does no more with it
    /// until somebody looks.
    public static final int MOST_IN_AN_HOUR = 1000;

    /// For answers that were lost on their way: more do not ask at once.
    static final int REMEMBERED = 16;

    public Token {
        lately = List.copyOf(lately);
    }

    /// One enrolment.
    ///
    /// @param key SHA-256 of the public key that it was for, in base64
    public record Use(UUID peer, String key, Instant at) {}

    /// An hour's enrolments.
    ///
    /// @param since when the first of them was
    public record Hour(Instant since, int uses) {
        static final Duration LENGTH = Duration.ofHours(1);

        Instant end() {
            return since.plus(LENGTH);
        }

        /// One that begins long after now was begun by a clock that was wrong.
        boolean includes(Instant now) {
            return now.isBefore(end()) && now.isAfter(since.minus(LENGTH));
        }

        Hour usedAt(Instant now) {
            return includes(now) ? new Hour(since, uses + 1) : new Hour(now, 1);
        }
    }

    public boolean isUsedTooOften(Instant now) {
        return hour.uses() >= MOST_IN_AN_HOUR && hour.includes(now);
    }

    public boolean isExpired(Instant now) {
        return !now.isBefore(expires);
    }

    public boolean isUsedUp() {
        return mostUses.isPresent() && uses >= mostUses.getAsInt();
    }

    Token usedBy(Use use) {
        List<Use> next = new ArrayList<>(lately);
        next.addFirst(use);
        return new Token(
                id,
                description,
                purpose,
                created,
                expires,
                mostUses,
                uses + 1,
                hour.usedAt(use.at()),
                enabled,
                next.subList(0, Math.min(next.size(), REMEMBERED)));
    }

    Token with(String nextDescription, Instant nextExpires, boolean nextEnabled) {
        return new Token(
                id,
                nextDescription,
                purpose,
                created,
                nextExpires,
                mostUses,
                uses,
                hour,
                nextEnabled,
                lately);
    }
}
