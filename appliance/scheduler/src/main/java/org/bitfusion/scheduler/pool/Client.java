package org.bitfusion.scheduler.pool;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What an administrator set for a client; null where the pool's default holds.
///
/// @param gpuLimit how many GPUs it may hold at a time, 0 or more
/// @param priority the higher, the earlier it is served
/// @param idleTimeout after how long without use a lease is taken back, 0 for never
/// @param disabled it gets no new leases
public record Client(
        String id,
        @Nullable Integer gpuLimit,
        @Nullable Integer priority,
        @Nullable Duration idleTimeout,
        boolean disabled) {
    public Client {
        if (gpuLimit != null && gpuLimit < 0) {
            throw new IllegalArgumentException("gpuLimit: " + gpuLimit + " (expected: 0 or more)");
        }
    }

    /// All as the pool's defaults say.
    public static Client plain(String id) {
        return new Client(id, null, null, null, false);
    }
}
