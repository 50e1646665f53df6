package org.bitfusion.tls.user;

import java.time.Duration;

/// What became of an attempt to log in.
public sealed interface LoginOutcome {
    record Accepted(User user) implements LoginOutcome {}

    /// Wrong name or password, or disabled: it is not said which.
    record Refused() implements LoginOutcome {}

    /// Too many attempts; this one was not looked at.
    record Wait(Duration left) implements LoginOutcome {}
}
