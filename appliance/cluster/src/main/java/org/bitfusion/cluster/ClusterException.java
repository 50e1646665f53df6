package org.bitfusion.cluster;

import java.io.Serial;

/// A failure with a stable number. The message says what to do and holds no secret.
public final class ClusterException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1;

    private final ClusterError error;

    public ClusterException(ClusterError error, String message) {
        super(error.tag() + " " + message);
        this.error = error;
    }

    public ClusterException(ClusterError error, String message, Throwable cause) {
        super(error.tag() + " " + message, cause);
        this.error = error;
    }

    public ClusterError error() {
        return error;
    }
}
