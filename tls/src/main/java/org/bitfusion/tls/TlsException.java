package org.bitfusion.tls;

import java.io.Serial;

/// A failure with a stable number. The message says what to do and holds no secret.
public final class TlsException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1;

    private final TlsError error;

    public TlsException(TlsError error, String message) {
        super(error.tag() + " " + message);
        this.error = error;
    }

    public TlsException(TlsError error, String message, Throwable cause) {
        super(error.tag() + " " + message, cause);
        this.error = error;
    }

    public TlsError error() {
        return error;
    }
}
