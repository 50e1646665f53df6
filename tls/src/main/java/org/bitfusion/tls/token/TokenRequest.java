package org.bitfusion.tls.token;

import java.time.Duration;
import java.util.OptionalInt;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;

/// A token to be made.
///
/// @param description for people, at most 200 characters
/// @param validity from its creation, at least a minute
/// @param mostUses empty for any number
/// @param enabled "activate token after creation"
public record TokenRequest(
        String description,
        TokenPurpose purpose,
        Duration validity,
        OptionalInt mostUses,
        boolean enabled) {
    /// As the original's tokens.
    public static final Duration USUAL_VALIDITY = Duration.ofDays(30);

    static final int MOST_DESCRIPTION = 200;

    public TokenRequest {
        requireDescription(description);
        if (validity.compareTo(Duration.ofMinutes(1)) < 0
                || validity.compareTo(Duration.ofDays(3650)) > 0) {
            throw new IllegalArgumentException(
                    "validity: " + validity + " (expected: from a minute to ten years)");
        }
        if (mostUses.isPresent() && mostUses.getAsInt() < 1) {
            throw new IllegalArgumentException(
                    "mostUses: " + mostUses.getAsInt() + " (expected: at least 1)");
        }
    }

    /// For clients, any number of them, for 30 days.
    public static TokenRequest usual(String description) {
        return new TokenRequest(
                description, TokenPurpose.ENROL_CLIENT, USUAL_VALIDITY, OptionalInt.empty(), true);
    }

    static void requireDescription(String description) {
        if (description.length() > MOST_DESCRIPTION
                || description.chars().anyMatch(Character::isISOControl)) {
            throw new TlsException(
                    TlsError.NAME_UNACCEPTABLE,
                    "description (expected: one line of at most 200 characters)");
        }
    }
}
