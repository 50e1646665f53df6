package org.bitfusion.tls.context;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/// A port on loopback that does a handshake with whoever comes, says who it is, and answers a byte.
/// It keeps a connection that it refused open for reading, as [TlsContext] asks of servers.
final class Port implements AutoCloseable {
    /// How a connection ended: with an admission, or with what was thrown.
    record Visit(@Nullable Admission admission, @Nullable Exception failure) {}

    private final TlsContext context;
    private final ServerSocket socket;
    private final BlockingQueue<Visit> visits = new LinkedBlockingQueue<>();

    Port(TlsContext context) throws IOException {
        this.context = context;
        socket = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
        Thread.ofVirtual().start(this::serve);
    }

    int port() {
        return socket.getLocalPort();
    }

    private void serve() {
        while (!socket.isClosed()) {
            try (Socket plain = socket.accept()) {
                plain.setSoTimeout(10_000);
                serve(plain);
                plain.shutdownOutput();
                plain.getInputStream().skip(Long.MAX_VALUE);
            } catch (IOException _) {
                // The peer is gone, or the port is closed.
            }
        }
    }

    private void serve(Socket plain) {
        try {
            SSLSocket peer =
                    (SSLSocket)
                            context.context()
                                    .getSocketFactory()
                                    .createSocket(plain, null, plain.getPort(), false);
            peer.setUseClientMode(false);
            peer.setSSLParameters(context.parameters());
            peer.startHandshake();
            visits.add(new Visit(context.admit(peer.getSession()), null));
            peer.getOutputStream().write(peer.getInputStream().read());
            peer.close();
        } catch (IOException | RuntimeException exception) {
            visits.add(new Visit(null, exception));
        }
    }

    /// Of the next connection that nobody has asked about.
    Visit visit() throws InterruptedException {
        Visit visit = visits.poll(20, TimeUnit.SECONDS);
        if (visit == null) {
            throw new AssertionError("nobody came");
        }
        return visit;
    }

    /// Connects, sends a byte and reads the answer, so that a refusal is seen.
    static void call(TlsContext context, String host, int port) throws IOException {
        call(context, host, port, 10_000);
    }

    static void call(TlsContext context, String host, int port, int timeoutMilliseconds)
            throws IOException {
        try (SSLSocket socket =
                (SSLSocket) context.context().getSocketFactory().createSocket(host, port)) {
            socket.setSoTimeout(timeoutMilliseconds);
            socket.setSSLParameters(context.parameters());
            socket.startHandshake();
            socket.getOutputStream().write(7);
            int answer = socket.getInputStream().read();
            if (answer != 7) {
                throw new IOException("closed by the other side");
            }
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
