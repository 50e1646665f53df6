package org.bitfusion.dispatcher;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.bitfusion.protocol.Secret;
import org.jspecify.annotations.Nullable;

/// What one appliance gives to a lease that the pool granted.
///
/// @param secret proves the lease, together with the client's certificate
/// @param client as certificates name it; nobody else may use the lease
/// @param user who it is there, for people
/// @param life when it ends by itself
/// @param parent the lease of this appliance out of whose share it is cut; null: it takes its share
///   of the GPUs themselves
/// @param shares in the order in which the client sees the GPUs, each GPU once
public record PoolPart(
        UUID lease,
        Secret secret,
        UUID client,
        String user,
        Life life,
        @Nullable UUID parent,
        List<GpuShare> shares) {
    public PoolPart {
        shares = List.copyOf(shares);
        Set<UUID> gpus = new HashSet<>();
        if (shares.isEmpty() || !shares.stream().allMatch(share -> gpus.add(share.gpu()))) {
            throw new IllegalArgumentException("shares: " + shares + " (expected: each GPU once)");
        }
    }

    /// @param renewal within which it must be renewed, at least 1 ms
    /// @param outlivesConnection whether the end of its holder's connection does not matter
    public record Life(Duration renewal, boolean outlivesConnection) {
        public Life {
            if (renewal.toMillis() < 1) {
                throw new IllegalArgumentException(
                        "renewal: " + renewal + " (expected: 1 ms or more)");
            }
        }
    }

    /// @param bytes of the GPU's memory
    public record GpuShare(UUID gpu, long bytes) {}

    /// As leases name who holds them.
    String holder() {
        return client + " " + user;
    }
}
