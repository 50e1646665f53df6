package org.bitfusion.tls.token;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;

/// A token as it is listed: without its secret.
///
/// @param mostUses how many peers it enrols; empty for any number
/// @param uses how many it has enrolled
/// @param lately the newest of these, at most [#REMEMBERED]
public record Token(
        TokenId id,
        String description,
        TokenPurpose purpose,
        Instant created,
        Instant expires,
        OptionalInt mostUses,
        int uses,
        boolean enabled,
        List<Use> lately) {
    /// For answers that were lost on their way: more do not ask at once.
    static final int REMEMBERED = 16;

    public Token {
        lately = List.copyOf(lately);
    }

    /// One enrolment.
    ///
    /// @param key SHA-256 of the public key that it was for, in base64
    public record Use(UUID peer, String key, Instant at) {}

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
                nextEnabled,
                lately);
    }
}
