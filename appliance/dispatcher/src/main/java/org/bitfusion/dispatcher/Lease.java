package org.bitfusion.dispatcher;

import java.nio.file.Path;
import java.util.List;
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
    private long expiresAtNanos;
    private @Nullable Object holder;

    Lease(
            UUID id,
            Secret secret,
            String client,
            List<Share> shares,
            Path ledgerFile,
            long expiresAtNanos) {
        this.id = id;
        this.secret = secret;
        this.client = client;
        this.shares = List.copyOf(shares);
        this.ledgerFile = ledgerFile;
        this.expiresAtNanos = expiresAtNanos;
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

    /// @param nanos on the clock of [System#nanoTime]
    boolean isExpired(long nanos) {
        return nanos - expiresAtNanos >= 0;
    }

    void expireAt(long nanos) {
        expiresAtNanos = nanos;
    }

    /// Ends earlier if it would end later than that.
    void expireBy(long nanos) {
        if (nanos - expiresAtNanos < 0) {
            expiresAtNanos = nanos;
        }
    }
}
