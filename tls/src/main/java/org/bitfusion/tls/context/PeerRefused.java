package org.bitfusion.tls.context;

import java.io.Serial;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import org.bitfusion.tls.TlsError;

/// A peer's certificate was not accepted. The message says why and what to do; the cause is what
/// JSSE chooses the alert by.
public final class PeerRefused extends CertificateException {
    @Serial private static final long serialVersionUID = 1;

    private final TlsError error;
    private final String reason;

    PeerRefused(TlsError error, String message) {
        super(
                error.tag() + " " + message,
                new CertPathValidatorException(message, null, null, -1, basicReason(error)));
        this.error = error;
        this.reason = message;
    }

    public TlsError error() {
        return error;
    }

    /// The message without the error's number.
    public String reason() {
        return reason;
    }

    private static BasicReason basicReason(TlsError error) {
        return switch (error) {
            case CERTIFICATE_EXPIRED -> BasicReason.EXPIRED;
            case CERTIFICATE_NOT_YET_VALID -> BasicReason.NOT_YET_VALID;
            case CERTIFICATE_REVOKED -> BasicReason.REVOKED;
            case CERTIFICATE_OF_WRONG_ROLE -> BasicReason.ALGORITHM_CONSTRAINED;
            default -> BasicReason.UNSPECIFIED;
        };
    }
}
