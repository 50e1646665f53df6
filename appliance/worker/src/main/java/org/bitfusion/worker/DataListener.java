package org.bitfusion.worker;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.VersionRange;
import org.bitfusion.worker.channel.DataChannel;
import org.bitfusion.worker.channel.EphemeralTls;
import org.bitfusion.worker.channel.PlainChannel;
import org.bitfusion.worker.wire.SessionLink;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;
import org.slf4j.MarkerFactory;

/// A session's data port. Lets in one client, the first that knows the session's secret, its later
/// connections, which go on with the session, and other workers with copies that the client has
/// announced; others are closed and named in the log, and cannot hold it up: who says nothing makes
/// way for who comes later, and a client says which session it means as soon as it is connected.
final class DataListener implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DataListener.class);

    /// The log leaves out what becomes too much.
    private static final Marker STRANGERS = MarkerFactory.getMarker("strangers");

    private static final int NO_VERSION = 0;
    private static final Duration TIME_TO_GREET = Duration.ofSeconds(5);

    /// TLS lies before the hello.
    private static final Duration TIME_TO_GREET_OVER_TLS = Duration.ofSeconds(15);

    /// Connections that have not proved anything yet: so many that have said nothing, and so many
    /// that have named the session. One more ends the oldest of its kind, of the address that most
    /// come from.
    static final int MOST_STRANGERS = 64;

    /// Where any port will do, and each address has its own that are taken.
    private static final int TRIES_OF_ANY = 64;

    /// The session's client.
    ///
    /// @param version of the protocol that both sides speak
    /// @param process its number on its own host, as it says
    record Client(DataChannel channel, int version, int process) {}

    /// Copies that other workers bring. Used by any thread.
    interface Transfers {
        /// @return what who brings it has to prove; null if no such copy is expected
        @Nullable Secret secretOf(UUID transfer);

        /// Takes the bytes of who has proved it, in the calling thread; closes the connection.
        void take(Hello hello, DataChannel connection);
    }

    private final List<ServerSocketChannel> channels;
    private final UUID session;
    private final Secret secret;
    private final String build;
    private final Optional<EphemeralTls> tls;
    private final CompletableFuture<Client> client = new CompletableFuture<>();
    private final Greetings silent = new Greetings();
    private final Greetings naming = new Greetings();
    private volatile @Nullable SessionLink link;
    private volatile @Nullable Transfers transfers;

    private DataListener(
            List<ServerSocketChannel> channels,
            UUID session,
            Secret secret,
            String build,
            Optional<EphemeralTls> tls) {
        this.channels = List.copyOf(channels);
        this.tls = tls;
        this.session = session;
        this.secret = secret;
        this.build = build;
    }

    /// Opens a port of the range on loopback, from a random one on; 0 to 0: any.
    ///
    /// @return empty when all are taken
    static Optional<DataListener> open(
            int minimum, int maximum, UUID session, Secret secret, String build)
            throws IOException {
        return open(
                List.of(InetAddress.getLoopbackAddress()),
                minimum,
                maximum,
                session,
                secret,
                build,
                Optional.empty());
    }

    /// Opens a port of the range, from a random one on; 0 to 0: any.
    ///
    /// @param addresses at each of which it is the same port; one that this machine has not got is
    ///   left out
    /// @param tls that all connections must speak; empty: none may
    /// @return empty when all are taken
    static Optional<DataListener> open(
            List<InetAddress> addresses,
            int minimum,
            int maximum,
            UUID session,
            Secret secret,
            String build,
            Optional<EphemeralTls> tls)
            throws IOException {
        List<InetAddress> own = ofThisMachine(addresses);
        int count = maximum - minimum + 1;
        int first = ThreadLocalRandom.current().nextInt(count);
        // Any port of one address may be taken at another.
        int tries = minimum == 0 ? TRIES_OF_ANY : count;
        for (int i = 0; i < tries; i++) {
            List<ServerSocketChannel> channels = bind(own, minimum + (first + i) % count);
            if (!channels.isEmpty()) {
                return Optional.of(new DataListener(channels, session, secret, build, tls));
            }
        }
        return Optional.empty();
    }

    private static List<InetAddress> ofThisMachine(List<InetAddress> addresses) throws IOException {
        List<InetAddress> own = new ArrayList<>();
        for (InetAddress address : addresses) {
            if (address.isAnyLocalAddress()
                    || address.isLoopbackAddress()
                    || NetworkInterface.getByInetAddress(address) != null) {
                own.add(address);
            } else {
                LOG.warn(
                        "address={} is no address of this machine; no data goes there",
                        address.getHostAddress());
            }
        }
        if (own.isEmpty()) {
            throw new IOException("none of " + addresses + " is an address of this machine");
        }
        return own;
    }

    /// @return none if one of the addresses has the port in use
    private static List<ServerSocketChannel> bind(List<InetAddress> addresses, int port)
            throws IOException {
        List<ServerSocketChannel> channels = new ArrayList<>();
        int same = port;
        try {
            for (InetAddress address : addresses) {
                ServerSocketChannel channel = ServerSocketChannel.open();
                channels.add(channel);
                channel.bind(new InetSocketAddress(address, same));
                same = channel.socket().getLocalPort();
            }
            return channels;
        } catch (java.net.BindException e) {
            for (ServerSocketChannel channel : channels) {
                channel.close();
            }
            return List.of();
        }
    }

    int port() {
        return channels.getFirst().socket().getLocalPort();
    }

    /// @param session that later connections of the client go on with
    void resumeWith(SessionLink session) {
        link = session;
    }

    /// @param expected copies that other workers may bring from now on
    void take(Transfers expected) {
        transfers = expected;
    }

    /// Waits for the client.
    ///
    /// @throws IOException if this is closed before it comes
    Client accept() throws IOException {
        for (ServerSocketChannel channel : channels) {
            Thread.ofPlatform().daemon().name("accept").start(() -> acceptAll(channel));
        }
        try {
            return client.join();
        } catch (CompletionException e) {
            throw new IOException("closed before a client came", e.getCause());
        }
    }

    /// Connections of one kind, the oldest first, and where they come from. Who comes from
    /// elsewhere has time to prove itself, however many come from one place.
    private static final class Greetings {
        private final LinkedHashMap<SocketChannel, Optional<InetAddress>> connections =
                new LinkedHashMap<>();

        void add(SocketChannel connection) {
            Optional<SocketChannel> goes = Optional.empty();
            synchronized (this) {
                connections.put(
                        connection, Optional.ofNullable(connection.socket().getInetAddress()));
                if (connections.size() > MOST_STRANGERS) {
                    goes = oldestOfMost();
                    goes.ifPresent(connections::remove);
                }
            }
            goes.ifPresent(SessionLink::closeQuietly);
        }

        private Optional<SocketChannel> oldestOfMost() {
            Map<Optional<InetAddress>, Integer> counts = new HashMap<>();
            connections.values().forEach(from -> counts.merge(from, 1, Integer::sum));
            Integer largest = Collections.max(counts.values());
            return connections.entrySet().stream()
                    .filter(each -> largest.equals(counts.get(each.getValue())))
                    .map(Map.Entry::getKey)
                    .findFirst();
        }

        /// @return false if it has made way
        synchronized boolean remove(SocketChannel connection) {
            return connections.remove(connection) != null;
        }
    }

    private void acceptAll(ServerSocketChannel channel) {
        while (channel.isOpen()) {
            try {
                SocketChannel connection = channel.accept();
                connection.setOption(StandardSocketOptions.TCP_NODELAY, true);
                silent.add(connection);
                // On a platform thread: input or output by a virtual thread would leave the
                // channel in non-blocking mode for ever, and cost two more system calls a read.
                Thread.ofPlatform()
                        .daemon()
                        .name("greeting")
                        .start(() -> {
                            try {
                                greet(connection);
                            } finally {
                                silent.remove(connection);
                                naming.remove(connection);
                            }
                        });
            } catch (IOException e) {
                return;
            }
        }
    }

    private void greet(SocketChannel connection) {
        Thread self = Thread.currentThread();
        Thread watch =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                if (!self.join(
                                        tls.isPresent() ? TIME_TO_GREET_OVER_TLS : TIME_TO_GREET)) {
                                    connection.close();
                                }
                            } catch (InterruptedException | IOException e) {
                                LOG.trace("no need to watch any more");
                            }
                        });
        try {
            DataChannel secured =
                    tls.isPresent() ? tls.get().accept(connection) : new PlainChannel(connection);
            Optional<Hello> letIn = shakeHands(connection, secured);
            watch.interrupt();
            if (letIn.isPresent() && !naming.remove(connection)) {
                return;
            }
            if (letIn.isPresent()) {
                secured.letIn();
            }
            if (letIn.isPresent() && letIn.get().kind() == Hello.KIND_RESUME) {
                resume(secured, letIn.get());
                return;
            }
            Transfers copies = transfers;
            if (letIn.isPresent() && letIn.get().kind() == Hello.KIND_PEER && copies != null) {
                self.setName("peer");
                copies.take(letIn.get(), secured);
                return;
            }
            if (letIn.isPresent()
                    && client.complete(
                            new Client(
                                    secured, chosenVersion(letIn.get()), letIn.get().process()))) {
                return;
            }
            connection.close();
        } catch (EOFException e) {
            // A client tries all networks at once, and takes one.
            LOG.debug("a connection to the data port has ended, error=\"{}\"", e.toString());
            SessionLink.closeQuietly(connection);
        } catch (IOException | RuntimeException e) {
            LOG.warn(STRANGERS, "a stranger on the data port, error=\"{}\"", e.toString());
            SessionLink.closeQuietly(connection);
        }
    }

    /// @param connection whose bytes come over the channel
    /// @return the hello of a client that has proved that it knows the session's secret
    private Optional<Hello> shakeHands(SocketChannel connection, DataChannel over)
            throws IOException {
        int process = (int) ProcessHandle.current().pid();
        Hello hello = Hello.read(receive(over, Hello.BYTES));
        if (hello.kind() == Hello.KIND_PROBE && isProbeAnswered(hello, over)) {
            hello = Hello.read(receive(over, Hello.BYTES));
        }
        Secret known = secretFor(hello);
        Hello.Status status = judge(hello, known);
        if (known == null || status != Hello.Status.WELCOME) {
            send(over, hello.refusal(status, build, process).bytes());
            LOG.warn(
                    STRANGERS,
                    "peer={} pid={} refused, error={} versions=\"{}\" build={}",
                    connection.getRemoteAddress(),
                    hello.process(),
                    status,
                    hello.versions(),
                    hello.build());
            return Optional.empty();
        }
        silent.remove(connection);
        naming.add(connection);
        Handshake handshake =
                Handshake.welcome(hello, known, over.binding(), UUID.randomUUID(), build, process);
        send(over, handshake.answer().bytes());
        boolean proved = handshake.clientIsProvedBy(Proof.read(receive(over, Proof.BYTES)));
        if (!proved) {
            LOG.warn(
                    STRANGERS,
                    "peer={} pid={} refused, error=\"does not know the secret\"",
                    connection.getRemoteAddress(),
                    hello.process());
        }
        return proved ? Optional.of(hello) : Optional.empty();
    }

    /// Sends back what comes, so that the client sees what size of packets gets through. Its bytes
    /// come behind the hello, whose answer is small.
    ///
    /// @return false if it is to be refused
    private boolean isProbeAnswered(Hello hello, DataChannel over) throws IOException {
        long bytes = hello.probeBytes();
        if (!hello.id().equals(session)
                || chosenVersion(hello) == NO_VERSION
                || bytes < 0
                || bytes > Hello.MOST_PROBE_BYTES) {
            return false;
        }
        Handshake handshake =
                Handshake.welcome(
                        hello,
                        secret,
                        over.binding(),
                        UUID.randomUUID(),
                        build,
                        (int) ProcessHandle.current().pid());
        send(over, handshake.answer().bytes());
        send(over, receive(over, (int) bytes));
        return true;
    }

    /// Goes on with the session over this connection, if it is the newest.
    private void resume(DataChannel connection, Hello hello) throws IOException {
        SessionLink resumed = link;
        if (resumed == null
                || !resumed.resume(
                        connection,
                        hello.epoch(),
                        hello.received(),
                        received -> sayReceived(connection, received))) {
            connection.close();
        }
    }

    private static void sayReceived(DataChannel connection, long received) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        send(connection, bytes.putLong(received).flip());
    }

    private static int chosenVersion(Hello hello) {
        return VersionRange.OWN.common(hello.versions()).orElse(NO_VERSION);
    }

    /// @return what has to be proved; null: nothing that is known here
    private @Nullable Secret secretFor(Hello hello) {
        Transfers copies = transfers;
        return switch (hello.kind()) {
            case Hello.KIND_DATA, Hello.KIND_RESUME -> hello.id().equals(session) ? secret : null;
            case Hello.KIND_PEER -> copies == null ? null : copies.secretOf(hello.id());
            default -> null;
        };
    }

    private Hello.Status judge(Hello hello, @Nullable Secret known) {
        if (chosenVersion(hello) == NO_VERSION) {
            return Hello.Status.OTHER_VERSION;
        }
        if (known == null || (hello.kind() == Hello.KIND_RESUME && link == null)) {
            return Hello.Status.NOT_ALLOWED;
        }
        return hello.kind() == Hello.KIND_DATA && client.isDone()
                ? Hello.Status.BUSY
                : Hello.Status.WELCOME;
    }

    private static ByteBuffer receive(DataChannel connection, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        while (bytes.hasRemaining()) {
            if (connection.read(bytes) < 0) {
                throw new EOFException();
            }
        }
        return bytes.flip();
    }

    private static void send(DataChannel connection, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            connection.write(bytes);
        }
    }

    /// Who still waits for a client hears that none comes.
    @Override
    public void close() throws IOException {
        for (ServerSocketChannel channel : channels) {
            channel.close();
        }
        client.completeExceptionally(new ClosedChannelException());
    }
}
