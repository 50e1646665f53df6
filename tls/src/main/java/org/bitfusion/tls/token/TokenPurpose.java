package org.bitfusion.tls.token;

import org.bitfusion.tls.PeerRole;

/// What a token lets its holder become.
public enum TokenPurpose {
    ENROL_CLIENT(PeerRole.CLIENT),
    JOIN_APPLIANCE(PeerRole.APPLIANCE);

    private final PeerRole role;

    TokenPurpose(PeerRole role) {
        this.role = role;
    }

    public PeerRole role() {
        return role;
    }
}
