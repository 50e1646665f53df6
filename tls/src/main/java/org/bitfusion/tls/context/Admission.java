package org.bitfusion.tls.context;

import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.TlsError;

/// Who is at the other end of a connection whose handshake is over.
public sealed interface Admission {
    /// A peer whose certificate is good now.
    record Admitted(PeerIdentity peer) implements Admission {}

    /// Nobody known.
    record Anonymous() implements Admission {}

    /// A peer whose certificate was good when the session that it resumed began, and no longer is.
    record Refused(TlsError error, String message) implements Admission {}
}
