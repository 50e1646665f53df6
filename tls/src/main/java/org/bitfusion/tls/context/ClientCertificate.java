package org.bitfusion.tls.context;

/// Whether a server asks its peer for a certificate. One that is shown must be good in any case.
public enum ClientCertificate {
    /// No handshake without one.
    REQUIRED,
    /// Asked for; who shows none is anonymous and gets enrolment only.
    WANTED
}
