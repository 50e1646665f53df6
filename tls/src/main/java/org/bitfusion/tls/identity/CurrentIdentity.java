package org.bitfusion.tls.identity;

import java.util.function.Supplier;

/// The identity in use. A renewal replaces it while ports stay open: connections made from then on
/// show the new certificate. Thread-safe.
public final class CurrentIdentity implements Supplier<Identity> {
    private volatile Identity current;

    public CurrentIdentity(Identity first) {
        current = first;
    }

    @Override
    public Identity get() {
        return current;
    }

    public void replace(Identity next) {
        current = next;
    }
}
