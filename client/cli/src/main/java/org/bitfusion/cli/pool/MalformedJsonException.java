package org.bitfusion.cli.pool;

import java.io.IOException;

/// An answer that is no JSON, or lacks what it should say. The message goes on after "its answer".
public final class MalformedJsonException extends IOException {
    private static final long serialVersionUID = 1;

    MalformedJsonException(String message) {
        super(message);
    }
}
