package org.bitfusion.dispatcher;

import java.util.UUID;
import org.bitfusion.protocol.Secret;

/// What becomes of the wish to open a session.
sealed interface SessionResult {
    /// A worker waits on this port for the one who knows the secret.
    record Opened(int port, Secret secret, UUID session) implements SessionResult {}

    /// Every port of the range is taken.
    record NoPort() implements SessionResult {}

    /// No worker could be started, or it failed.
    record NoWorker() implements SessionResult {}

    /// The lease ended meanwhile.
    record LeaseEnded() implements SessionResult {}
}
