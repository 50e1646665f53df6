package org.bitfusion.tls.user;

import java.time.Instant;

/// An administrator as listed.
///
/// @param passwordChanged sessions from before do not count any more
public record User(
        String name, Role role, boolean enabled, Instant created, Instant passwordChanged) {}
