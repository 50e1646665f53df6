package org.bitfusion.tls.enrolment;

import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.token.TokenId;

/// What becomes of a request for a certificate.
public sealed interface EnrolmentOutcome {
    /// @param chain the certificate, then its intermediate
    /// @param token by which the peer came; none for a renewal
    record Enrolled(PeerIdentity peer, List<X509Certificate> chain, Optional<TokenId> token)
            implements EnrolmentOutcome {
        public Enrolled {
            chain = List.copyOf(chain);
        }
    }

    /// @param message for who asked: why, and what to do, beginning with the error's number
    record Refused(TlsError error, String message) implements EnrolmentOutcome {}
}
