package org.bitfusion.cli.pool;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.bitfusion.cli.Version;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.connection.Connection;
import org.bitfusion.cli.connection.PoolTls;
import org.jspecify.annotations.Nullable;

/// A connection to one manager over which requests go one after the other. `java.net.http` would do
/// the same with a sixth more of the processor's time and a module more in the runtime.
final class HttpConnection implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(3);

    private final ServerAddress address;
    private final Connection connection;
    private final HttpInput input;
    private boolean usable = true;

    private HttpConnection(ServerAddress address, Connection connection) {
        this.address = address;
        this.connection = connection;
        this.input = new HttpInput(connection);
    }

    /// Connects, with TLS.
    ///
    /// @throws UnknownHostException if there is no such host
    /// @throws IOException if nobody answers
    /// @throws org.bitfusion.cli.Fault if what answers is not of the pool
    static HttpConnection open(ServerAddress address, PoolTls tls, Deadline deadline)
            throws IOException {
        InetAddress host = InetAddress.getByName(address.host());
        return new HttpConnection(
                address, tls.connect(address, () -> dial(host, address.port(), deadline)));
    }

    private static Socket dial(InetAddress host, int port, Deadline deadline) throws IOException {
        Socket socket = new Socket();
        try {
            int connect = (int) Math.min(CONNECT.toMillis(), deadline.millisecondsLeft());
            socket.connect(new InetSocketAddress(host, port), connect);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(deadline.millisecondsLeft());
            return socket;
        } catch (IOException failure) {
            socket.close();
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
        connection.write(request.toByteArray());
        HttpAnswer answer = input.read(deadline);
        usable = input.keepsAlive();
        return answer;
    }

    @Override
    public void close() {
        usable = false;
        connection.close();
    }
}
