package org.bitfusion.cli.connection;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;

/// What a socket carries as it is.
public final class SocketConnection implements Connection {
    private final Socket socket;

    /// @param socket connected
    public SocketConnection(Socket socket) {
        this.socket = socket;
    }

    @Override
    public int read(byte[] to, int offset, int count) throws IOException {
        return socket.getInputStream().read(to, offset, count);
    }

    @Override
    public void write(byte[] from, int offset, int count) throws IOException {
        socket.getOutputStream().write(from, offset, count);
    }

    @Override
    public void setReadTimeout(int milliseconds) throws IOException {
        socket.setSoTimeout(milliseconds);
    }

    @Override
    public InetAddress peer() {
        return socket.getInetAddress();
    }

    @Override
    public void close() {
        closeQuietly(socket);
    }

    static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException _) {
            // It is of no further use.
        }
    }
}
