package org.bitfusion.worker.io;

import java.io.IOException;

/// Serves one connection of the probe's client on a loopback port.
interface ProbeServer extends AutoCloseable {
    int port();

    @Override
    void close() throws IOException;
}
