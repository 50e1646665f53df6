import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
import org.bitfusion.protocol.ChannelBinding;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.message.SessionOpen;
import org.bitfusion.protocol.message.SessionOpenAnswer;
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
/// lists one server, grants `run` a lease there and refuses all else, until standard input ends.
/// The server's dispatcher agrees to everything.
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

    private static final String SECRET = "00112233445566778899aabbccddeeff";
    private static final String GRANT =
            """
            {"id":"%s","secret":"%s","renewSeconds":15,
             "idleTimeoutSeconds":0,"parts":[{"appliance":"4b1f1a5e-0a55-4d0c-9d9e-000000000001",
             "name":"gpu-1","addresses":["127.0.0.1"],"dispatcherPort":%d,"controlPort":56001,
             "build":"Bitfusion 5.0.0-training","gpus":[{"index":0,
             "uuid":"4b1f1a5e-0a55-4d0c-9d9e-000000000002","name":"T4","memoryMiB":512}]}]}
            """;

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
        SSLServerSocket listener = listener(tls);
        SSLServerSocket dispatcher = listener(tls);
        makeHome(Path.of(arguments[0]), listener.getLocalPort());
        Thread.ofVirtual()
                .start(() ->
                        serve(listener, socket -> answer(socket, dispatcher.getLocalPort())));
        Thread.ofVirtual().start(() -> serve(dispatcher, TrainingPool::agree));
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

    private static SSLServerSocket listener(TlsContext tls) throws IOException {
        SSLServerSocket listener =
                (SSLServerSocket)
                        tls.context()
                                .getServerSocketFactory()
                                .createServerSocket(0, 5, InetAddress.getLoopbackAddress());
        listener.setSSLParameters(tls.parameters());
        return listener;
    }

    private interface Conduct {
        void serve(SSLSocket socket) throws IOException;
    }

    private static void serve(SSLServerSocket listener, Conduct conduct) {
        while (true) {
            try (SSLSocket socket = (SSLSocket) listener.accept()) {
                conduct.serve(socket);
            } catch (IOException exception) {
                System.err.println(exception);
            }
        }
    }

    private static void answer(SSLSocket socket, int dispatcherPort) throws IOException {
        InputStream input = socket.getInputStream();
        boolean lists = line(input).startsWith("GET ");
        int length = 0;
        for (String line = line(input); !line.isBlank(); line = line(input)) {
            if (line.startsWith("Content-Length: ")) {
                length = Integer.parseInt(line.substring(16).strip());
            }
        }
        String asked = new String(input.readNBytes(length), StandardCharsets.UTF_8);
        boolean grants = asked.contains("\"origin\":\"run\"");
        String body =
                lists
                        ? SERVERS
                        : grants
                                ? GRANT.formatted(id(asked), SECRET, dispatcherPort)
                                : REFUSAL;
        socket.getOutputStream()
                .write(
                        ("HTTP/1.1 "
                                        + (lists ? 200 : grants ? 201 : 422)
                                        + " \r\nConnection: close\r\nContent-Length: "
                                        + body.length()
                                        + "\r\n\r\n"
                                        + body)
                                .getBytes(StandardCharsets.US_ASCII));
    }

    private static String id(String asked) {
        String mark = "\"id\":\"";
        int begin = asked.indexOf(mark) + mark.length();
        return asked.substring(begin, asked.indexOf('"', begin));
    }

    /// As a dispatcher does that knows the lease.
    private static void agree(SSLSocket socket) throws IOException {
        InputStream input = socket.getInputStream();
        OutputStream output = socket.getOutputStream();
        Hello hello = Hello.read(bytes(input, Hello.BYTES));
        Handshake handshake =
                Handshake.welcome(
                        hello,
                        Secret.parse(SECRET),
                        ChannelBinding.of(socket.getSession()),
                        UUID.randomUUID(),
                        "training",
                        1);
        output.write(handshake.answer().bytes().array());
        bytes(input, Proof.BYTES);
        while (true) {
            FrameHeader asked = FrameHeader.read(bytes(input, FrameHeader.BYTES));
            bytes(input, asked.length());
            ByteBuffer answer = ByteBuffer.allocate(64);
            if (asked.call() == SessionOpen.CALL) {
                new SessionOpenAnswer(45201, UUID.randomUUID()).writeFrame(answer, asked.request());
            } else {
                FrameHeader.write(answer, 0, asked.call(), FrameHeader.ANSWER, asked.request(), 0);
            }
            output.write(answer.array(), 0, answer.position());
        }
    }

    private static ByteBuffer bytes(InputStream input, int count) throws IOException {
        byte[] bytes = input.readNBytes(count);
        if (bytes.length < count) {
            throw new EOFException("the command has what it wanted");
        }
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static String line(InputStream input) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = input.read(); c >= 0 && c != '\n'; c = input.read()) {
            line.append((char) c);
        }
        return line.toString();
    }
}
