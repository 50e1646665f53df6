package org.bitfusion.dispatcher;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.protocol.Secret;
import org.jspecify.annotations.Nullable;

/// GPUs, or shares of them, that belong to a client until it gives them back or stops renewing.
///
/// Used by one thread only.
final class Lease {
    private final UUID id;
    private final Secret secret;
    private final String client;
    private final List<Share> shares;
    private final Path ledgerFile;
    private final Duration renewal;
    private final @Nullable PoolPart part;
    private long expiresAtNanos;
    private long usedAtNanos;
    private long useKeptAtNanos;
    private @Nullable Object holder;

    Lease(
            UUID id,
            Secret secret,
            String client,
            List<Share> shares,
            Path ledgerFile,
            Duration renewal) {
        this.id = id;
        this.secret = secret;
        this.client = client;
        this.shares = List.copyOf(shares);
        this.ledgerFile = ledgerFile;
        this.renewal = renewal;
        part = null;
    }

    /// One that the pool granted.
    Lease(PoolPart part, List<Share> shares, Path ledgerFile) {
        id = part.lease();
        secret = part.secret();
        client = part.holder();
        this.shares = List.copyOf(shares);
        this.ledgerFile = ledgerFile;
        renewal = part.life().renewal();
        this.part = part;
    }

    /// As the pool granted it; empty if this appliance did alone.
    Optional<PoolPart> part() {
        return Optional.ofNullable(part);
    }

    /// Out of whose share it is cut, if it is.
    Optional<UUID> parent() {
        return part().flatMap(granted -> Optional.ofNullable(granted.parent()));
    }

    /// Within which it must be renewed.
    Duration renewal() {
        return renewal;
    }

    UUID id() {
        return id;
    }

    /// @param connection that was granted it, or renewed it last
    void heldOver(Object connection) {
        holder = connection;
    }

    /// Whether its holder has another connection than this one.
    boolean isHeldOverAnother(Object connection) {
        return holder != null && !connection.equals(holder);
    }

    Secret secret() {
        return secret;
    }

    /// Who holds it, for logs.
    String client() {
        return client;
    }

    /// In the order in which the client sees its devices.
    List<Share> shares() {
        return shares;
    }

    /// Where its workers reserve memory.
    Path ledgerFile() {
        return ledgerFile;
    }

    /// It has its whole time again.
    ///
    /// @param nanos on the clock of [System#nanoTime]
    void renewedAt(long nanos) {
        expiresAtNanos = nanos + renewal.toNanos();
    }

    /// @param nanos on the clock of [System#nanoTime]
    boolean isExpired(long nanos) {
        return nanos - expiresAtNanos >= 0;
    }

    /// A program of it made a call then, or had work of it queued or running.
    ///
    /// @param nanos on the clock of [System#nanoTime]
    /// @return whether that is worth to be kept: it was not for `step`
    boolean usedAt(long nanos, Duration step) {
        if (nanos - usedAtNanos > 0) {
            usedAtNanos = nanos;
        }
        boolean isDue = usedAtNanos - useKeptAtNanos >= step.toNanos();
        if (isDue) {
            useKeptAtNanos = usedAtNanos;
        }
        return isDue;
    }

    /// It was last used then, as far as is known.
    void beginsUsedAt(long nanos) {
        usedAtNanos = nanos;
        useKeptAtNanos = nanos;
    }

    /// Since it was last used, or granted.
    Duration idle(long nanos) {
        return Duration.ofNanos(Math.max(0, nanos - usedAtNanos));
    }

    /// Ends earlier if it would end later than that.
    void expireBy(long nanos) {
        if (nanos - expiresAtNanos < 0) {
            expiresAtNanos = nanos;
        }
    }
}
