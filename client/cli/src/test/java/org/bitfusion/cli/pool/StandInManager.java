package org.bitfusion.cli.pool;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.PoolAccess;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.context.Admission;
import org.bitfusion.tls.context.ClientCertificate;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.enrolment.ClientEnrolment;
import org.bitfusion.tls.enrolment.Enrolment;
import org.bitfusion.tls.enrolment.EnrolmentOutcome;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.revocation.RevocationSnapshot;
import org.bitfusion.tls.token.TokenDownload;

/// Speaks HTTPS as a manager does, with a certificate of a pool, and answers what a test says.
public final class StandInManager implements AutoCloseable {
    /// What was asked.
    ///
    /// @param client the certificate's holder
    public record Asked(
            String method,
            String target,
            String authorization,
            String body,
            Optional<PeerIdentity> client) {}

    /// @param text of the answer, its head included
    public record Answer(String text) {
        public static Answer json(int status, String body) {
            return of(status, "application/json", body);
        }

        public static Answer problem(int status, String detail) {
            String body =
                    "{\"title\":\"No\",\"status\":" + status + ",\"detail\":\"" + detail + "\"}";
            return of(status, "application/problem+json", body);
        }

        private static Answer of(int status, String type, String body) {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            String head =
                    "HTTP/1.1 "
                            + status
                            + " Some\r\nContent-Type: "
                            + type
                            + "\r\nContent-Length: "
                            + bytes.length
                            + "\r\n\r\n";
            return raw(head + body);
        }

        public static Answer raw(String text) {
            return new Answer(text);
        }
    }

    public final TestPool pool;
    public final List<Asked> asked = new CopyOnWriteArrayList<>();
    private final SSLServerSocket listener;
    private final TlsContext tls;
    private final Function<Asked, Answer> answers;

    public StandInManager(TestPool pool, Function<Asked, Answer> answers) {
        this.pool = pool;
        this.answers = answers;
        Identity identity = pool.appliance();
        PoolTrust trust =
                PoolTrust.ofAppliance(
                        List.of(pool.authority.root()),
                        () -> RevocationSnapshot.EMPTY,
                        Clock.systemUTC());
        tls =
                TlsContext.server(
                        () -> identity,
                        trust,
                        ClientCertificate.WANTED,
                        Set.of(PeerRole.CLIENT, PeerRole.APPLIANCE));
        try {
            listener =
                    (SSLServerSocket)
                            tls.context()
                                    .getServerSocketFactory()
                                    .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
            listener.setSSLParameters(tls.parameters());
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
        Thread.ofVirtual().start(this::accept);
    }

    public ServerAddress address() {
        return new ServerAddress("127.0.0.1", listener.getLocalPort());
    }

    private void accept() {
        try {
            while (true) {
                SSLSocket socket = (SSLSocket) listener.accept();
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException _) {
            // Closed.
        }
    }

    private void serve(SSLSocket socket) {
        try (socket) {
            Optional<PeerIdentity> client =
                    tls.admit(socket.getSession()) instanceof Admission.Admitted(PeerIdentity peer)
                            ? Optional.of(peer)
                            : Optional.empty();
            while (true) {
                Asked next = read(socket.getInputStream(), client);
                asked.add(next);
                OutputStream output = socket.getOutputStream();
                output.write(answers.apply(next).text().getBytes(StandardCharsets.UTF_8));
                output.flush();
            }
        } catch (IOException _) {
            // The client has what it wanted.
        }
    }

    private static Asked read(InputStream input, Optional<PeerIdentity> client) throws IOException {
        String[] words = line(input).split(" ", -1);
        int length = 0;
        String authorization = "";
        for (String line = line(input); !line.isEmpty(); line = line(input)) {
            if (line.startsWith("Content-Length: ")) {
                length = Integer.parseInt(line.substring(16));
            } else if (line.startsWith("Authorization: ")) {
                authorization = line.substring(15);
            }
        }
        String body = new String(input.readNBytes(length), StandardCharsets.UTF_8);
        return new Asked(words[0], words[1], authorization, body, client);
    }

    private static String line(InputStream input) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = input.read(); c != '\n'; c = input.read()) {
            if (c < 0) {
                throw new IOException("closed");
            }
            line.append(c == '\r' ? "" : (char) c);
        }
        return line.toString();
    }

    /// Enrols as a pool does, with what `tls` has for it.
    public static Answer enrol(TestPool pool, Enrolment enrolment, Asked asked) {
        try {
            JsonObject body = JsonObject.read(asked.body().getBytes(StandardCharsets.UTF_8));
            EnrolmentOutcome outcome =
                    enrolment.enrolClient(
                            ClientEnrolment.of(
                                    body.text("token"), body.text("request"), body.text("name")),
                            Instant.now());
            return switch (outcome) {
                case EnrolmentOutcome.Enrolled enrolled ->
                        Answer.json(
                                201,
                                new String(
                                        Json.write(
                                                java.util.Map.of(
                                                        "id",
                                                        enrolled.peer().id().toString(),
                                                        "pool",
                                                        enrolled.peer().pool().toString(),
                                                        "certificates",
                                                        Certificates.write(enrolled.chain()))),
                                        StandardCharsets.UTF_8));
                case EnrolmentOutcome.Refused(_, String message) -> Answer.problem(403, message);
            };
        } catch (MalformedJsonException exception) {
            return Answer.problem(400, String.valueOf(exception.getMessage()));
        }
    }

    /// A home with `ca.crt` and `servers.conf`, and with `client.pem` where an identity is given.
    public static Path home(Path folder, TestPool pool, List<ServerAddress> servers)
            throws IOException {
        Path tls = Files.createDirectories(folder.resolve(".bitfusion/tls"));
        Certificates.writeFile(tls.resolve("ca.crt"), List.of(pool.authority.root()));
        StringBuilder list = new StringBuilder();
        servers.forEach(server -> list.append(server).append('\n'));
        Files.writeString(folder.resolve(".bitfusion/servers.conf"), list);
        return folder;
    }

    /// A client of the pool that is enrolled in that home.
    public static PoolAccess client(Path home, TestPool pool) throws IOException {
        Path tls = home(home, pool, List.of()).resolve(".bitfusion/tls");
        pool.client().writeFile(tls.resolve("client.pem"));
        return PoolAccess.readFiles(tls.resolve("ca.crt"), tls.resolve("client.pem"));
    }

    /// What a token's download has for a home.
    public static void unpack(TokenDownload download, Path home) throws IOException {
        Path own = home.resolve(".bitfusion");
        Files.createDirectories(own.resolve("tls"));
        Files.write(own.resolve("tls/ca.crt"), download.caCrt());
        Files.write(own.resolve("client.yaml"), download.clientYaml());
        Files.write(own.resolve("servers.conf"), download.serversConf());
    }

    /// Nobody is listened to any more.
    public void stop() throws IOException {
        listener.close();
    }

    @Override
    public void close() throws IOException {
        stop();
    }
}
