import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.authority.ApplianceSubject;
import org.bitfusion.tls.authority.CertificateAuthority;
import org.bitfusion.tls.authority.ClientSubject;
import org.bitfusion.tls.authority.Lifetimes;
import org.bitfusion.tls.authority.PoolKey;
import org.bitfusion.tls.context.ClientCertificate;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.request.CertificateRequest;
import org.bitfusion.tls.revocation.RevocationSnapshot;
import org.bitfusion.tls.store.MemoryRecordStore;

/// What `train` needs of a pool: a client's home in the folder that is named, and a manager that
/// lists one server and refuses all else, until standard input ends.
final class TrainingPool {
    private static final String SERVERS =
            """
            [{"id":"4b1f1a5e-0a55-4d0c-9d9e-000000000001","name":"gpu-1","addresses":["127.0.0.1"],
              "controlPort":56001,"dispatcherPort":55001,"state":"available","tasks":0,
              "gpus":[{"index":0,"uuid":"4b1f1a5e-0a55-4d0c-9d9e-000000000002","name":"T4",
                       "memoryMiB":15109,"freeMiB":15109}]}]
            """;
    private static final String REFUSAL =
            "{\"title\":\"refused\",\"status\":422,\"code\":122,\"detail\":\"too few GPUs\"}";

    private static final CertificateAuthority AUTHORITY =
            CertificateAuthority.create(
                    new MemoryRecordStore(), PoolKey.generate(), Lifetimes.DEFAULT, Instant.now());

    public static void main(String[] arguments) throws Exception {
        KeyPair pair = PrivateKeys.generate();
        Identity appliance =
                new Identity(
                        pair.getPrivate(),
                        AUTHORITY.issueAppliance(
                                new ApplianceSubject(
                                        UUID.randomUUID(), "gpu-1", List.of(), List.of("127.0.0.1")),
                                request(pair),
                                Instant.now()));
        TlsContext tls =
                TlsContext.server(
                        () -> appliance,
                        PoolTrust.ofAppliance(
                                List.of(AUTHORITY.root()),
                                () -> RevocationSnapshot.EMPTY,
                                Clock.systemUTC()),
                        ClientCertificate.WANTED,
                        Set.of(PeerRole.CLIENT));
        SSLServerSocket listener =
                (SSLServerSocket)
                        tls.context()
                                .getServerSocketFactory()
                                .createServerSocket(0, 5, InetAddress.getLoopbackAddress());
        listener.setSSLParameters(tls.parameters());
        makeHome(Path.of(arguments[0]), listener.getLocalPort());
        Thread.ofVirtual().start(() -> serve(listener));
        System.out.println("Listening on 127.0.0.1 : " + listener.getLocalPort());
        while (System.in.read() >= 0) {
            // Until train ends it.
        }
        System.exit(0);
    }

    private static void makeHome(Path home, int port) throws IOException {
        Path tls = Files.createDirectories(home.resolve(".bitfusion/tls"));
        KeyPair pair = PrivateKeys.generate();
        ClientSubject subject = new ClientSubject(UUID.randomUUID(), "client");
        new Identity(pair.getPrivate(), AUTHORITY.issueClient(subject, request(pair), Instant.now()))
                .writeFile(tls.resolve("client.pem"));
        Certificates.writeFile(tls.resolve("ca.crt"), List.of(AUTHORITY.root()));
        Files.writeString(home.resolve(".bitfusion/servers.conf"), "127.0.0.1:" + port + "\n");
    }

    private static CertificateRequest request(KeyPair pair) {
        return CertificateRequest.parse(CertificateRequest.write(pair, "training"));
    }

    private static void serve(SSLServerSocket listener) {
        while (true) {
            try (SSLSocket socket = (SSLSocket) listener.accept()) {
                boolean lists = line(socket.getInputStream()).startsWith("GET ");
                String body = lists ? SERVERS : REFUSAL;
                socket.getOutputStream()
                        .write(
                                ("HTTP/1.1 "
                                                + (lists ? 200 : 422)
                                                + " \r\nConnection: close\r\nContent-Length: "
                                                + body.length()
                                                + "\r\n\r\n"
                                                + body)
                                        .getBytes(StandardCharsets.US_ASCII));
            } catch (IOException exception) {
                System.err.println(exception);
            }
        }
    }

    private static String line(InputStream input) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = input.read(); c >= 0 && c != '\n'; c = input.read()) {
            line.append((char) c);
        }
        return line.toString();
    }
}
