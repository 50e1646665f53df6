package org.bitfusion.cli.connection;

import java.io.IOException;
import java.net.InetAddress;
import javax.net.ssl.SSLSocket;
import org.bitfusion.protocol.ChannelBinding;
import org.bitfusion.protocol.Secret;

/// TLS as the JDK has it.
final class JsseConnection implements SecureConnection {
    private final SSLSocket socket;
    private final SocketConnection connection;

    /// @param socket whose handshake is over
    JsseConnection(SSLSocket socket) {
        this.socket = socket;
        this.connection = new SocketConnection(socket);
    }

    @Override
    public ChannelBinding binding() throws IOException {
        return ChannelBinding.of(socket.getSession());
    }

    @Override
    public Secret accessSecret() throws IOException {
        return ChannelBinding.accessSecret(socket.getSession());
    }

    @Override
    public int read(byte[] to, int offset, int count) throws IOException {
        return connection.read(to, offset, count);
    }

    @Override
    public void write(byte[] from, int offset, int count) throws IOException {
        connection.write(from, offset, count);
    }

    @Override
    public void setReadTimeout(int milliseconds) throws IOException {
        connection.setReadTimeout(milliseconds);
    }

    @Override
    public InetAddress peer() {
        return connection.peer();
    }

    @Override
    public void close() {
        connection.close();
    }
}
