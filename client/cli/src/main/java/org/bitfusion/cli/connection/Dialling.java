package org.bitfusion.cli.connection;

import java.io.IOException;
import java.net.Socket;

/// Connects to a server; asked again where TLS is begun anew.
@FunctionalInterface
public interface Dialling {
    /// @return connected, with a limit on how long reading waits
    Socket dial() throws IOException;
}
