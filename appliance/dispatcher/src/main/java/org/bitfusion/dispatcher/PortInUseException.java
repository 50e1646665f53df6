package org.bitfusion.dispatcher;

import java.io.IOException;
import java.net.InetSocketAddress;

/// The dispatcher's port cannot be opened, mostly because another server has it.
public final class PortInUseException extends IOException {
    private static final long serialVersionUID = 1;

    PortInUseException(InetSocketAddress address, String flag, Throwable cause) {
        super(
                "cannot listen on %s : %d (%s); another server may run there: stop it, or choose another port with %s"
                        .formatted(
                                address.getAddress().getHostAddress(),
                                address.getPort(),
                                cause.getMessage(),
                                flag),
                cause);
    }
}
