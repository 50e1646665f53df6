package org.bitfusion.cli.lease;

import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLException;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.Version;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.connection.Connection;
import org.bitfusion.cli.connection.PoolTls;
import org.bitfusion.cli.connection.SecureConnection;
import org.bitfusion.cli.connection.SocketConnection;
import org.bitfusion.protocol.ChannelBinding;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.VersionRange;
import org.jspecify.annotations.Nullable;

/// A connection to a dispatcher over which leases are asked for. Several requests may be under way;
/// a thread of its own takes their answers.
final class LeaseConnection implements AutoCloseable {
    private static final int CONNECT_MILLISECONDS = (int) Duration.ofSeconds(3).toMillis();

    /// An appliance that has just been started answers when it knows its GPUs.
    private static final int ANSWER_MILLISECONDS = (int) Duration.ofSeconds(30).toMillis();

    private static final String OVER_TLS =
            " without an answer; an appliance of a pool lets in its clients only, on its own machine"
                    + " with BF_TLS=always";

    private final Connection connection;
    private final Handshake handshake;
    private final Access access;
    private final @Nullable PoolAccess pool;
    private final Map<Integer, Awaited> awaited = new ConcurrentHashMap<>();
    private final AtomicInteger lastRequest = new AtomicInteger();
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private volatile @Nullable IOException end;

    private record Awaited(int call, CompletableFuture<Answer> answer) {}

    private LeaseConnection(
            Connection connection, Handshake handshake, Access access, @Nullable PoolAccess pool)
            throws IOException {
        this.connection = connection;
        this.handshake = handshake;
        this.access = access;
        this.pool = pool;
        connection.setReadTimeout(0);
        Thread.ofPlatform().daemon().name("answers").start(this::readAll);
    }

    /// Who one says to be in a hello, and how one proves it.
    ///
    /// @param id of a lease, or [Hello#NO_LEASE]
    /// @param source of the secret, for messages
    record Identity(UUID id, Secret secret, String source) {}

    /// The appliance does not know the lease (any more).
    static final class LeaseEndedException extends IOException {
        private static final long serialVersionUID = 1;
    }

    /// A frame that answers.
    ///
    /// @param status a CUresult
    /// @param body empty unless the status is 0
    record Answer(int status, ByteBuffer body) {}

    /// Connects and says hello.
    ///
    /// @throws Fault if nobody answers, or not as a dispatcher of this version that lets this user
    ///   in
    static LeaseConnection open(ServerAddress address, Access access) {
        try {
            return connect(address, access, null);
        } catch (IOException exception) {
            throw fault(address, exception);
        }
    }

    /// As [#open], for those who go on without a connection.
    ///
    /// @param owner of a lease that there is; null: who may ask for one
    /// @throws ConnectException if nobody listens there
    /// @throws LeaseEndedException if the lease that one says to own is no more
    static LeaseConnection connect(ServerAddress address, Access access, @Nullable Identity owner)
            throws IOException {
        InetAddress host = resolve(address);
        PoolAccess pool = access.pool(host);
        AccessSecret secret = pool == null && owner == null ? access.secret() : null;
        Connection connection = null;
        try {
            ChannelBinding binding = ChannelBinding.NONE;
            Identity self = owner;
            if (pool != null) {
                SecureConnection secured =
                        pool.tls().connect(address, () -> dial(host, address.port()));
                connection = secured;
                binding = secured.binding();
                if (self == null) {
                    self =
                            new Identity(
                                    Hello.NO_LEASE,
                                    secured.accessSecret(),
                                    pool.identity().toString());
                }
            } else {
                connection = new SocketConnection(dial(host, address.port()));
                if (secret != null) {
                    self = new Identity(Hello.NO_LEASE, secret.secret(), secret.file().toString());
                }
            }
            if (self == null) {
                throw new IllegalStateException("nobody to be");
            }
            return new LeaseConnection(
                    connection, shakeHands(address, connection, self, binding), access, pool);
        } catch (SSLException refusal) {
            closeIfOpen(connection);
            throw PoolTls.refused(address, refusal);
        } catch (EOFException end) {
            closeIfOpen(connection);
            throw pool == null ? new EOFException(end.getMessage() + OVER_TLS) : end;
        } catch (IOException | Fault failure) {
            closeIfOpen(connection);
            throw failure;
        }
    }

    private static Socket dial(InetAddress host, int port) throws IOException {
        Socket socket = new Socket();
        try {
            socket.connect(new InetSocketAddress(host, port), CONNECT_MILLISECONDS);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(ANSWER_MILLISECONDS);
            return socket;
        } catch (IOException failure) {
            socket.close();
            throw failure;
        }
    }

    private static void closeIfOpen(@Nullable Connection connection) {
        if (connection != null) {
            connection.close();
        }
    }

    /// Connects and says nothing.
    ///
    /// @return the address in numbers
    static ServerAddress probe(ServerAddress address) throws IOException {
        InetAddress host = resolve(address);
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, address.port()), CONNECT_MILLISECONDS);
            return new ServerAddress(host.getHostAddress(), address.port());
        }
    }

    /// @param listener told, once, that nothing comes any more
    void whenOver(Runnable listener) {
        var _ = over.thenRun(listener);
    }

    boolean isOver() {
        return end != null;
    }

    /// By which another connection to the appliance is made.
    Access access() {
        return access;
    }

    /// The pool over whose TLS it goes; null: none.
    @Nullable PoolAccess pool() {
        return pool;
    }

    /// The address in numbers, as the adaptor file has it.
    String hostAddress() {
        return connection.peer().getHostAddress();
    }

    /// Whose secret was proved, and from which the secrets derive that are given over it.
    Handshake handshake() {
        return handshake;
    }

    private static InetAddress resolve(ServerAddress address) {
        InetAddress host;
        try {
            host = InetAddress.getByName(address.host());
        } catch (UnknownHostException _) {
            throw new Fault(ExitCode.UNAVAILABLE, address + ": no such host; check the name");
        }
        return host;
    }

    private static Handshake shakeHands(
            ServerAddress address, Connection connection, Identity self, ChannelBinding binding)
            throws IOException {
        int process = (int) ProcessHandle.current().pid();
        Hello hello = Hello.of(Hello.KIND_LEASE, Version.NUMBER, self.id(), process);
        connection.write(hello.bytes().array());
        Hello answer = Hello.read(receive(connection, Hello.BYTES));
        if (!answer.answers(Hello.KIND_LEASE)) {
            throw new ProtocolException("hello: kind " + answer.kind());
        }
        if (answer.answeredStatus() != Hello.Status.WELCOME) {
            throw refused(address, answer, self);
        }
        Handshake handshake = new Handshake(hello, answer, self.secret(), binding);
        if (!handshake.serverIsProved()) {
            throw notAllowed(address, self);
        }
        ByteBuffer proof = ByteBuffer.allocate(Proof.BYTES);
        handshake.clientProof().write(proof);
        connection.write(proof.array());
        return handshake;
    }

    private static Fault refused(ServerAddress address, Hello answer, Identity self)
            throws IOException {
        return switch (answer.answeredStatus()) {
            case WELCOME, NOT_ALLOWED -> notAllowed(address, self);
            case OTHER_VERSION ->
                    new Fault(
                            ExitCode.PROTOCOL,
                            address
                                    + ": speaks protocol "
                                    + answer.versions()
                                    + " (build "
                                    + answer.build()
                                    + "), this program "
                                    + VersionRange.OWN
                                    + " (build "
                                    + Version.NUMBER
                                    + "); install the same version on both sides");
            case UNKNOWN_LEASE -> throw new LeaseEndedException();
            case NO_WORKER, BUSY ->
                    new Fault(ExitCode.UNAVAILABLE, address + ": is too busy to answer; try again");
        };
    }

    private static Fault notAllowed(ServerAddress address, Identity self) {
        return new Fault(
                ExitCode.NOT_ALLOWED,
                address
                        + ": does not accept the secret in "
                        + self.source()
                        + "; use the secret of the user who runs the appliance (BF_ACCESS_SECRET_FILE)");
    }

    /// The version of the protocol that both sides speak.
    int version() {
        return handshake.answer().chosen();
    }

    /// Sends a request.
    ///
    /// @return its answer, from the thread that reads; exceptionally an [IOException]
    CompletableFuture<Answer> send(int call, int bodyBytes, RequestWriter writer)
            throws IOException {
        int request = lastRequest.incrementAndGet();
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        awaited.put(request, new Awaited(call, answer));
        ByteBuffer frame = ByteBuffer.allocate(FrameHeader.BYTES + bodyBytes);
        writer.writeFrame(frame, request);
        synchronized (connection) {
            connection.write(frame.array(), 0, frame.position());
        }
        IOException over = end;
        if (over != null) {
            answer.completeExceptionally(over);
        }
        return answer;
    }

    /// Waits for an answer.
    ///
    /// @throws SocketTimeoutException if it does not come
    static Answer await(CompletableFuture<Answer> answer) throws IOException {
        return await(answer, Duration.ofMillis(ANSWER_MILLISECONDS));
    }

    /// Waits at most so long for an answer.
    ///
    /// @throws SocketTimeoutException if it does not come
    static Answer await(CompletableFuture<Answer> answer, Duration patience) throws IOException {
        try {
            return answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException _) {
            throw new SocketTimeoutException("no answer");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException failure ? failure : new IOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    /// Sends a request and waits for its answer.
    Answer call(int call, int bodyBytes, RequestWriter writer) throws IOException {
        return await(send(call, bodyBytes, writer));
    }

    private void readAll() {
        try {
            while (true) {
                FrameHeader header = FrameHeader.read(receive(connection, FrameHeader.BYTES));
                Awaited asked = awaited.remove(header.request());
                if (asked == null || !header.answer() || header.call() != asked.call()) {
                    throw new ProtocolException(
                            "call 0x" + Integer.toHexString(header.call()) + ": answers nothing");
                }
                asked.answer()
                        .complete(
                                new Answer(header.status(), receive(connection, header.length())));
            }
        } catch (IOException e) {
            end = e;
            connection.close();
            awaited.values().forEach(asked -> asked.answer().completeExceptionally(e));
            over.complete(null);
        }
    }

    /// Writes header and body of a request.
    @FunctionalInterface
    interface RequestWriter {
        void writeFrame(ByteBuffer out, int request);
    }

    private static ByteBuffer receive(Connection connection, int byteCount) throws IOException {
        return ByteBuffer.wrap(connection.readFully(byteCount)).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// What went wrong, as one line with its remedy.
    static Fault fault(ServerAddress address, IOException exception) {
        return switch (exception) {
            case ConnectException _ ->
                    new Fault(
                            ExitCode.UNAVAILABLE,
                            address
                                    + ": nobody listens there; start the appliance ('bitfusion server -p "
                                    + address.port()
                                    + "') or name another with -l"
                                    + (address.port() == ServerAddress.MANAGER_PORT
                                            ? " (56001 is a manager's port, which only clients of its pool ask;"
                                                    + " the dispatcher's is "
                                                    + ServerAddress.DEFAULT_PORT
                                                    + ")"
                                            : ""));
            case SocketTimeoutException _ ->
                    new Fault(
                            ExitCode.UNAVAILABLE,
                            address + ": does not answer; check that it is a Bitfusion dispatcher");
            case ProtocolException _ ->
                    new Fault(
                            ExitCode.PROTOCOL,
                            address
                                    + ": is no Bitfusion dispatcher ("
                                    + exception.getMessage()
                                    + "); check the port");
            default ->
                    new Fault(
                            ExitCode.UNAVAILABLE,
                            address
                                    + ": "
                                    + exception.getMessage()
                                    + "; check that the appliance runs");
        };
    }

    @Override
    public void close() {
        connection.close();
    }
}
