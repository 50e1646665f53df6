package org.bitfusion.cli.connection;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLServerSocket;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.tls.context.TlsContext;

/// A port, with TLS or without, that is the same to all who come.
final class TestPort implements AutoCloseable {
    /// What a server does with a connection.
    interface Conduct {
        void serve(Socket socket) throws Exception;
    }

    private final ServerSocket listener;
    final AtomicInteger visits = new AtomicInteger();

    TestPort(ServerSocket listener, Conduct conduct) {
        this.listener = listener;
        Thread.ofVirtual()
                .start(() -> {
                    while (!listener.isClosed()) {
                        try {
                            Socket socket = listener.accept();
                            visits.incrementAndGet();
                            Thread.ofVirtual().start(() -> visit(socket, conduct));
                        } catch (IOException _) {
                            // Closed.
                        }
                    }
                });
    }

    private static void visit(Socket socket, Conduct conduct) {
        try (socket) {
            conduct.serve(socket);
        } catch (Exception _) {
            // The client says what it saw.
        }
    }

    static TestPort tls(TlsContext tls, Conduct conduct) throws IOException {
        var listener =
                (SSLServerSocket)
                        tls.context()
                                .getServerSocketFactory()
                                .createServerSocket(0, 9, InetAddress.ofLiteral("127.0.0.1"));
        listener.setSSLParameters(tls.parameters());
        return new TestPort(listener, conduct);
    }

    static TestPort plain(Conduct conduct) throws IOException {
        return new TestPort(new ServerSocket(0, 9, InetAddress.ofLiteral("127.0.0.1")), conduct);
    }

    ServerAddress address(String host) {
        return new ServerAddress(host, listener.getLocalPort());
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
