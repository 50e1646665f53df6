package org.bitfusion.dispatcher;

import java.util.UUID;

/// What becomes of the wish to open a session.
sealed interface SessionResult {
    /// A worker waits on this port for the one who knows the session's secret.
    record Opened(int port, UUID session) implements SessionResult {}

    /// Others came before; asking again over the same connection keeps the place.
    record NotYet() implements SessionResult {}

    /// The lease has as many sessions as it may have.
    record TooMany() implements SessionResult {}

    /// Every port of the range is taken.
    record NoPort() implements SessionResult {}

    /// The GPU's driver does not give the window's addresses; another window may do.
    record NoWindow() implements SessionResult {}

    /// No worker could be started, or it failed.
    record NoWorker() implements SessionResult {}

    /// The lease ended meanwhile.
    record LeaseEnded() implements SessionResult {}
}
