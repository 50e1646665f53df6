package org.bitfusion.protocol;

import java.io.IOException;

/// The other side sent bytes that the specification does not allow. The connection is closed;
/// nothing else is affected.
public final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1;

    public ProtocolException(String message) {
        super(message);
    }

    /// The number belongs to no message that this side may be sent.
    public static ProtocolException unknownCall(int call) {
        return new ProtocolException("call 0x%04x: unknown".formatted(call));
    }
}
