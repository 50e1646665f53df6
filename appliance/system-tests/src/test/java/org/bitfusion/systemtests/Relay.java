package org.bitfusion.systemtests;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/// A network between a client and an appliance on this machine: what connects to a port of [#HOST]
/// is connected with the same port of 127.0.0.1, with a delay each way, until somebody cuts it.
public final class Relay implements AutoCloseable {
    public static final String HOST = "127.0.0.2";

    private static final int PIECE = 64 * 1024;

    /// Bytes that are on their way; none at the end of the stream.
    private record Piece(long due, ByteBuffer bytes) {}

    /// Two sockets that belong together.
    private record Connection(SocketChannel client, SocketChannel server, AtomicLong passed) {
        void cut() {
            closeQuietly(client);
            closeQuietly(server);
        }
    }

    /// Cuts one connection that comes after it was set, in the midst of what passes there.
    private record Trap(Set<Connection> spared, long bytes, CompletableFuture<Void> sprung) {
        boolean takes(Connection connection) {
            return connection.passed().get() > bytes && !spared.contains(connection);
        }
    }

    private final Duration delay;
    private final List<ServerSocketChannel> listeners = new ArrayList<>();
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private volatile boolean silent;
    private volatile boolean gone;
    private volatile boolean refuses;
    private volatile long openFrom = System.nanoTime();
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicLong passed = new AtomicLong();
    private final AtomicReference<Trap> trap = new AtomicReference<>();

    private Relay(Duration delay) {
        this.delay = delay;
    }

    /// @param delay of each direction
    public static Relay start(Duration delay, List<Integer> ports) {
        Relay relay = new Relay(delay);
        try {
            for (int port : ports) {
                ServerSocketChannel listener = ServerSocketChannel.open();
                listener.bind(new InetSocketAddress(HOST, port));
                relay.listeners.add(listener);
                Thread.ofPlatform().daemon().start(() -> relay.accept(listener, port));
            }
            return relay;
        } catch (IOException e) {
            relay.close();
            throw new UncheckedIOException(e);
        }
    }

    /// So many ports side by side that nobody uses now.
    public static List<Integer> freePorts(int count) {
        List<Integer> ports = List.of();
        while (ports.isEmpty()) {
            ports = portsIfFree(count);
        }
        return ports;
    }

    private static List<Integer> portsIfFree(int count) {
        List<ServerSocket> sockets = new ArrayList<>();
        List<Integer> ports = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                int port = i == 0 ? 0 : ports.getFirst() + i;
                ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
                sockets.add(socket);
                ports.add(socket.getLocalPort());
            }
            return ports;
        } catch (IOException e) {
            return List.of();
        } finally {
            sockets.forEach(Relay::closeQuietly);
        }
    }

    private void accept(ServerSocketChannel listener, int port) {
        while (listener.isOpen()) {
            try {
                SocketChannel client = listener.accept();
                client.setOption(StandardSocketOptions.TCP_NODELAY, true);
                Thread.sleep(Duration.ofNanos(Math.max(0, openFrom - System.nanoTime())));
                connect(client, port);
            } catch (IOException e) {
                return;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void connect(SocketChannel client, int port) {
        try {
            SocketChannel server =
                    SocketChannel.open(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            server.setOption(StandardSocketOptions.TCP_NODELAY, true);
            Connection connection = new Connection(client, server, new AtomicLong());
            connections.add(connection);
            if (gone || refuses) { // a listener that is being closed may still have accepted
                connections.remove(connection);
                connection.cut();
                return;
            }
            accepted.incrementAndGet();
            pump(connection, client, server);
            pump(connection, server, client);
        } catch (IOException e) {
            closeQuietly(client);
        }
    }

    private void pump(Connection connection, SocketChannel from, SocketChannel to) {
        BlockingQueue<Piece> way = new LinkedBlockingQueue<>(1024);
        Thread.ofPlatform().daemon().start(() -> read(connection, from, way));
        Thread.ofPlatform()
                .daemon()
                .start(() -> {
                    write(way, to);
                    connections.remove(connection);
                });
    }

    private void read(Connection connection, SocketChannel from, BlockingQueue<Piece> way) {
        try {
            boolean more = true;
            while (more) {
                ByteBuffer bytes = ByteBuffer.allocate(PIECE);
                int count = from.read(bytes);
                more = count >= 0;
                passed.addAndGet(Math.max(0, count));
                connection.passed().addAndGet(Math.max(0, count));
                springTrap(connection);
                way.put(new Piece(System.nanoTime() + delay.toNanos(), bytes.flip()));
            }
        } catch (IOException e) {
            way.offer(new Piece(0, ByteBuffer.allocate(0)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void write(BlockingQueue<Piece> way, SocketChannel to) {
        try {
            for (Piece piece = way.take(); piece.bytes().hasRemaining(); piece = way.take()) {
                long early = piece.due() - System.nanoTime();
                if (early > 0) {
                    Thread.sleep(Duration.ofNanos(early));
                }
                while (piece.bytes().hasRemaining() && !silent) {
                    to.write(piece.bytes());
                }
            }
            to.shutdownOutput();
        } catch (IOException e) {
            closeQuietly(to);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Ends all connections; who connects again gets no answer for so long.
    public void cut(Duration away) {
        openFrom = System.nanoTime() + away.toNanos();
        cut();
    }

    /// Ends all connections, with all that is on its way.
    public void cut() {
        for (Connection connection : List.copyOf(connections)) {
            connections.remove(connection);
            connection.cut();
        }
    }

    /// Ends the first connection that comes from now on and has passed more than so many bytes.
    ///
    /// @return ends when that has happened
    public CompletableFuture<Void> cutNextAfter(long bytes) {
        Trap set = new Trap(Set.copyOf(connections), bytes, new CompletableFuture<>());
        trap.set(set);
        return set.sprung();
    }

    private void springTrap(Connection connection) {
        Trap set = trap.get();
        if (set != null && set.takes(connection) && trap.compareAndSet(set, null)) {
            connections.remove(connection);
            connection.cut();
            set.sprung().complete(null);
        }
    }

    /// From here on nothing arrives any more, and nobody is told.
    public void fallSilent() {
        silent = true;
    }

    /// Gone for good: nobody listens any more.
    public void vanish() {
        gone = true;
        listeners.forEach(Relay::closeQuietly);
        cut();
    }

    /// Who has a connection keeps it; nobody gets a new one.
    public void refuseOthers() {
        refuses = true;
        listeners.forEach(Relay::closeQuietly);
    }

    /// Who has a connection keeps it; a new one gets no answer for so long.
    public void ignoreOthers(Duration time) {
        openFrom = System.nanoTime() + time.toNanos();
    }

    /// Bytes so far, in both directions.
    public long passed() {
        return passed.get();
    }

    /// Connections so far.
    public int accepted() {
        return accepted.get();
    }

    @Override
    public void close() {
        vanish();
    }

    private static void closeQuietly(Closeable closeable) {
        try {
            closeable.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
