package org.bitfusion.tls.revocation;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import org.bitfusion.tls.PeerIdentity;

/// The revocation list at one moment; a look-up costs two reads of a hash table. Immutable.
public final class RevocationSnapshot {
    public static final RevocationSnapshot EMPTY = new RevocationSnapshot(Map.of());

    private final Map<Revoked, Revocation> entries;

    RevocationSnapshot(Map<Revoked, Revocation> entries) {
        this.entries = Map.copyOf(entries);
    }

    /// Why a peer with this certificate is not let in; empty if it is.
    public Optional<Revocation> find(PeerIdentity peer) {
        Revocation ofPeer = entries.get(new Revoked.OfPeer(peer.role(), peer.id()));
        return Optional.ofNullable(
                ofPeer != null ? ofPeer : entries.get(new Revoked.OfCertificate(peer.serial())));
    }

    public Optional<Revocation> find(Revoked what) {
        return Optional.ofNullable(entries.get(what));
    }

    public Collection<Revocation> entries() {
        return entries.values();
    }

    Map<Revoked, Revocation> map() {
        return entries;
    }
}
