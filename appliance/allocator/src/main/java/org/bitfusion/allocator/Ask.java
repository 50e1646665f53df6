package org.bitfusion.allocator;

import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.scheduler.request.Request;

/// A client asks for a lease, or asks again: the same identifier is the same request, and that of
/// the lease that comes of it.
///
/// @param request with [Asker#client] as its client
/// @param timeout after which it is not served any more, from its first arrival on
/// @param ticket of the last [Answer.Queued]; empty the first time. One that is not this pool's, or
///   another request's, is as good as none.
public record Ask(Request request, Asker asker, Duration timeout, Optional<String> ticket) {
    public static final Duration LONGEST_TIMEOUT = Duration.ofDays(365);

    public Ask {
        if (!request.client().equals(asker.client().toString())) {
            throw new IllegalArgumentException("request: (expected: of " + asker.client() + ")");
        }
        if (timeout.isNegative() || timeout.compareTo(LONGEST_TIMEOUT) > 0) {
            throw new IllegalArgumentException(
                    "timeout: " + timeout + " (expected: 0 to 365 days)");
        }
    }

    /// Who asks.
    ///
    /// @param client as its certificate names it
    /// @param user of the operating system there, for people
    /// @param command what is to run, for people
    public record Asker(UUID client, String user, String command) {}

    UUID id() {
        return request.id();
    }
}
