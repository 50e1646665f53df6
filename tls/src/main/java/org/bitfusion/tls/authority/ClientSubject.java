package org.bitfusion.tls.authority;

import java.util.UUID;
import org.bitfusion.tls.Names;

/// What the issuer writes into a client's certificate.
///
/// @param name a label for people, as [Names#isHostName] allows
public record ClientSubject(UUID id, String name) {
    public ClientSubject {
        Names.requireHostName("client name", name);
    }
}
