package org.bitfusion.scheduler.request;

import java.util.UUID;
import org.bitfusion.scheduler.pool.Lease;
import org.jspecify.annotations.Nullable;

/// A client asks for a lease.
///
/// @param origin what asks
/// @param parent the lease within which it is asked for, null for one of the pool's. What is asked
///   for inside a session stays within what that session holds.
public record Request(
        UUID id, String client, Lease.Origin origin, Wish wish, @Nullable UUID parent) {
    /// The same of the pool itself.
    public Request withoutParent() {
        return new Request(id, client, origin, wish, null);
    }
}
