package org.bitfusion.manager.member;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.bitfusion.tls.context.HandshakeFailure;
import org.bitfusion.tls.context.TlsContext;

/// Requests to other appliances' managers, over TLS 1.3. Thread-safe.
public final class Peers implements AutoCloseable {
    private static final Duration TO_CONNECT = Duration.ofSeconds(5);
    private static final Duration TO_ANSWER = Duration.ofSeconds(60);

    private final HttpClient client;

    /// @param context of the kind [TlsContext#client]
    public Peers(TlsContext context) {
        client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .sslContext(context.context())
                        .sslParameters(context.parameters())
                        .connectTimeout(TO_CONNECT)
                        .build();
    }

    /// What came back.
    public static final class Answer {
        private final int status;
        private final String contentType;
        private final byte[] body;

        private Answer(HttpResponse<byte[]> response) {
            status = response.statusCode();
            contentType = response.headers().firstValue("Content-Type").orElse("");
            body = response.body();
        }

        public int status() {
            return status;
        }

        /// Empty where nothing was said.
        public String contentType() {
            return contentType;
        }

        /// As it came; not a copy.
        public byte[] body() {
            return body;
        }
    }

    /// @param address `host:port`, IPv6 in brackets
    /// @param target path and query
    /// @param headers to be sent, such as `Authorization`
    /// @throws IOException if no answer came; the message says why
    public Answer send(
            String method,
            String address,
            String target,
            Map<String, String> headers,
            Optional<byte[]> body)
            throws IOException {
        return send(method, address, target, headers, body, TO_ANSWER);
    }

    /// The same, by someone who waits for the whole of the answer that long only.
    public Answer send(
            String method,
            String address,
            String target,
            Map<String, String> headers,
            Optional<byte[]> body,
            Duration limit)
            throws IOException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("https://" + address + target))
                        .timeout(limit)
                        .header("Accept", "application/json, application/problem+json, */*")
                        .method(
                                method,
                                body.map(HttpRequest.BodyPublishers::ofByteArray)
                                        .orElseGet(HttpRequest.BodyPublishers::noBody));
        body.ifPresent(_ -> request.header("Content-Type", "application/json"));
        headers.forEach(request::header);
        try {
            return new Answer(
                    client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray()));
        } catch (InterruptedException exception) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", exception);
        } catch (IOException exception) {
            throw new IOException(
                    address
                            + ": "
                            + HandshakeFailure.of(exception)
                                    .map(HandshakeFailure::message)
                                    .orElse(exception.toString()),
                    exception);
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
