package org.bitfusion.manager.member;

import java.io.Serial;

/// A setting, or the state of the pool, with which the manager cannot start; the message says what
/// to do.
public final class ManagerException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1;

    public ManagerException(String message) {
        super(message);
    }

    public ManagerException(String message, Throwable cause) {
        super(message, cause);
    }
}
