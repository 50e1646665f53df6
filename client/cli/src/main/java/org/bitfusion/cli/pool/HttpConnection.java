package org.bitfusion.cli.pool;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import javax.net.ssl.SSLSocket;
import org.bitfusion.cli.Version;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.PoolAccess;
import org.bitfusion.tls.context.TlsContext;
import org.jspecify.annotations.Nullable;

/// A connection to one manager over which requests go one after the other. `java.net.http` would do
/// the same with a sixth more of the processor's time and a module more in the runtime.
final class HttpConnection implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(3);

    private final ServerAddress address;
    private final SSLSocket socket;
    private final HttpInput input;
    private boolean usable = true;

    private HttpConnection(ServerAddress address, SSLSocket socket) {
        this.address = address;
        this.socket = socket;
        this.input = new HttpInput(socket);
    }

    /// Connects, with TLS.
    ///
    /// @throws UnknownHostException if there is no such host
    /// @throws IOException if nobody answers
    /// @throws org.bitfusion.cli.Fault if what answers is not of the pool
    static HttpConnection open(ServerAddress address, TlsContext tls, Deadline deadline)
            throws IOException {
        Socket plain = new Socket();
        try {
            InetAddress host = InetAddress.getByName(address.host());
            int connect = (int) Math.min(CONNECT.toMillis(), deadline.millisecondsLeft());
            plain.connect(new InetSocketAddress(host, address.port()), connect);
            plain.setTcpNoDelay(true);
            plain.setSoTimeout(deadline.millisecondsLeft());
            return new HttpConnection(address, PoolAccess.secure(tls, plain, address));
        } catch (IOException | RuntimeException failure) {
            plain.close();
            throw failure;
        }
    }

    boolean isUsable() {
        return usable;
    }

    ServerAddress address() {
        return address;
    }

    /// Sends a request and reads its answer.
    ///
    /// @param authorization header of that name; null: none
    /// @param body JSON; null: none
    HttpAnswer exchange(
            String method,
            String target,
            @Nullable String authorization,
            byte @Nullable [] body,
            Deadline deadline)
            throws IOException {
        usable = false;
        StringBuilder header = new StringBuilder(256);
        header.append(method).append(' ').append(target).append(" HTTP/1.1\r\nHost: ");
        header.append(address).append("\r\nUser-Agent: bitfusion/").append(Version.NUMBER);
        header.append("\r\nAccept: application/json, application/problem+json, */*\r\n");
        if (authorization != null) {
            header.append("Authorization: ").append(authorization).append("\r\n");
        }
        if (body != null) {
            header.append("Content-Type: application/json\r\n");
        }
        if (body != null || !method.equals("GET")) {
            header.append("Content-Length: ");
            header.append(body == null ? 0 : body.length).append("\r\n");
        }
        header.append("\r\n");
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.writeBytes(header.toString().getBytes(StandardCharsets.ISO_8859_1));
        if (body != null) {
            request.writeBytes(body);
        }
        socket.getOutputStream().write(request.toByteArray());
        HttpAnswer answer = input.read(deadline);
        usable = input.keepsAlive();
        return answer;
    }

    @Override
    public void close() {
        usable = false;
        try {
            socket.close();
        } catch (IOException _) {
            // It is of no further use.
        }
    }
}
