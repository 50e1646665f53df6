package org.bitfusion.tls;

import java.util.Locale;

/// What a certificate of the pool lets its holder be.
public enum PeerRole {
    APPLIANCE,
    CLIENT;

    /// As certificates and texts name it: `client`.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
