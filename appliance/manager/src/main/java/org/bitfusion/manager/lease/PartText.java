package org.bitfusion.manager.lease;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.allocator.Part;
import org.bitfusion.dispatcher.PoolPart;
import org.bitfusion.protocol.Secret;
import org.jspecify.annotations.Nullable;

/// What the scheduling manager has an appliance take.
public record PartText(
        UUID attempt,
        UUID lease,
        String secret,
        UUID client,
        String user,
        long renewalMillis,
        boolean outlivesConnection,
        @Nullable UUID parent,
        List<ShareText> shares) {
    public PartText {
        needed("attempt", attempt);
        needed("lease", lease);
        needed("secret", secret);
        needed("client", client);
        needed("user", user);
        needed("shares", shares);
        shares = List.copyOf(shares);
    }

    private static void needed(String what, @Nullable Object value) {
        if (value == null) {
            throw new IllegalArgumentException(what + ": missing");
        }
    }

    /// @param bytes of the GPU's memory
    public record ShareText(UUID gpu, long bytes) {}

    /// @param taken whether the ledger has it now
    /// @param reason why not
    public record Outcome(boolean taken, @Nullable String reason) {}

    /// @param idleMillis since something was done with the part; null if there is none
    public record UseText(@Nullable Long idleMillis) {
        public static UseText of(Optional<Duration> idle) {
            return new UseText(idle.map(Duration::toMillis).orElse(null));
        }

        Optional<Duration> idle() {
            return Optional.ofNullable(idleMillis).map(Duration::ofMillis);
        }
    }

    static PartText of(Part part) {
        PoolPart content = part.content();
        return new PartText(
                part.attempt(),
                content.lease(),
                content.secret().hex(),
                content.client(),
                content.user(),
                content.life().renewal().toMillis(),
                content.life().outlivesConnection(),
                content.parent(),
                content.shares().stream()
                        .map(share -> new ShareText(share.gpu(), share.bytes()))
                        .toList());
    }

    /// @throws IllegalArgumentException if another manager's text makes no sense
    public Part part() {
        return new Part(
                attempt,
                new PoolPart(
                        lease,
                        Secret.parse(secret),
                        client,
                        user,
                        new PoolPart.Life(Duration.ofMillis(renewalMillis), outlivesConnection),
                        parent,
                        shares.stream()
                                .map(share -> new PoolPart.GpuShare(share.gpu(), share.bytes()))
                                .toList()));
    }

    /// Without the secret.
    @Override
    public String toString() {
        return "PartText[" + lease + "]";
    }
}
