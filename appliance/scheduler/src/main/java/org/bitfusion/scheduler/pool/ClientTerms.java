package org.bitfusion.scheduler.pool;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What holds for a client: its own settings, and the pool's defaults where it has none.
///
/// @param gpuLimit [#NO_LIMIT] for as many as there are
public record ClientTerms(int gpuLimit, int priority, Duration idleTimeout, boolean disabled) {
    public static final int NO_LIMIT = Integer.MAX_VALUE;

    /// A pool whose administrator changed nothing: no limit, priority 0, never idle.
    public static final ClientTerms UNLIMITED = new ClientTerms(NO_LIMIT, 0, Duration.ZERO, false);

    /// @param client null for one that nothing was set for
    public ClientTerms of(@Nullable Client client) {
        if (client == null) {
            return this;
        }
        Integer limit = client.gpuLimit();
        Integer ownPriority = client.priority();
        Duration idle = client.idleTimeout();
        return new ClientTerms(
                limit == null ? gpuLimit : limit,
                ownPriority == null ? priority : ownPriority,
                idle == null ? idleTimeout : idle,
                client.disabled());
    }
}
