package org.bitfusion.bench;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/// Stands for a long link: listens on a loopback address of its own, on the ports of a server on
/// 127.0.0.1, and passes on what comes after half the round trip. Takes some bytes that are not due
/// yet in each direction, so that it delays and does not limit.
final class DelayingRelay implements AutoCloseable {
    private static final int PIECE = 64 * 1024;
    private static final int IN_FLIGHT = 64 << 20;

    /// In front of a slow link: more than that link has on its way, less than would hide its limit.
    private static final int IN_FLIGHT_BEFORE_LIMIT = 8 << 20;

    private final String address;
    private final int inFlight;
    private final long delayNanoseconds;
    private final Queue<Closeable> open = new ConcurrentLinkedQueue<>();

    /// @param address of 127.0.0.0/8, where nobody else listens on these ports
    /// @param ports those that cannot be had are left out, but for the first
    DelayingRelay(String address, List<Integer> ports, double roundTripMilliseconds)
            throws IOException {
        this(address, ports, roundTripMilliseconds, IN_FLIGHT);
    }

    private DelayingRelay(
            String address, List<Integer> ports, double roundTripMilliseconds, int inFlight)
            throws IOException {
        this.address = address;
        this.inFlight = inFlight;
        delayNanoseconds = (long) (roundTripMilliseconds * 1e6 / 2);
        boolean first = true;
        for (int port : ports) {
            try {
                ServerSocket listener = new ServerSocket();
                listener.bind(new InetSocketAddress(InetAddress.getByName(address), port));
                open.add(listener);
                Thread.ofPlatform().daemon().start(() -> accept(listener, port));
            } catch (IOException taken) {
                if (first) {
                    throw taken;
                }
            }
            first = false;
        }
    }

    /// In a process of its own, in front of a slow link: ADDRESS MILLISECONDS PORT... Prints a line
    /// when it listens and goes on until it is killed.
    public static void main(String[] arguments) throws IOException, InterruptedException {
        List<Integer> ports = Stream.of(arguments).skip(2).map(Integer::valueOf).toList();
        try (DelayingRelay relay =
                new DelayingRelay(
                        arguments[0],
                        ports,
                        Double.parseDouble(arguments[1]),
                        IN_FLIGHT_BEFORE_LIMIT)) {
            System.out.println(relay.address() + " listens");
            Thread.sleep(Long.MAX_VALUE);
        }
    }

    String address() {
        return address;
    }

    private void accept(ServerSocket listener, int port) {
        try {
            while (true) {
                connect(listener.accept(), port);
            }
        } catch (IOException closed) {
            close(listener);
        }
    }

    private void connect(Socket client, int port) {
        open.add(client);
        try {
            Socket server = new Socket(InetAddress.getLoopbackAddress(), port);
            open.add(server);
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            pass(client, server);
            pass(server, client);
        } catch (IOException nobodyThere) {
            close(client);
        }
    }

    private static final class Piece {
        private final byte[] bytes;
        private final long due;

        Piece(byte[] bytes, long due) {
            this.bytes = bytes;
            this.due = due;
        }
    }

    private void pass(Socket from, Socket to) {
        BlockingQueue<Piece> pieces = new LinkedBlockingQueue<>();
        Semaphore room = new Semaphore(inFlight);
        Thread.ofPlatform().daemon().start(() -> take(from, pieces, room));
        Thread.ofPlatform().daemon().start(() -> give(to, pieces, room));
    }

    /// An empty piece ends the connection.
    private void take(Socket from, BlockingQueue<Piece> pieces, Semaphore room) {
        byte[] buffer = new byte[PIECE];
        try {
            InputStream in = from.getInputStream();
            for (int count = in.read(buffer); count > 0; count = in.read(buffer)) {
                room.acquireUninterruptibly(count);
                pieces.add(
                        new Piece(
                                Arrays.copyOf(buffer, count),
                                System.nanoTime() + delayNanoseconds));
            }
        } catch (IOException ended) {
            close(from);
        }
        pieces.add(new Piece(new byte[0], System.nanoTime() + delayNanoseconds));
    }

    private void give(Socket to, BlockingQueue<Piece> pieces, Semaphore room) {
        try {
            OutputStream out = to.getOutputStream();
            for (Piece piece = pieces.take(); piece.bytes.length > 0; piece = pieces.take()) {
                for (long left = piece.due - System.nanoTime();
                        left > 0;
                        left = piece.due - System.nanoTime()) {
                    LockSupport.parkNanos(left);
                }
                out.write(piece.bytes);
                room.release(piece.bytes.length);
            }
            to.shutdownOutput();
        } catch (IOException ended) {
            close(to);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void close(Closeable closeable) {
        try {
            closeable.close();
        } catch (IOException ignored) {
            // it is closed already
        }
    }

    @Override
    public void close() {
        open.forEach(DelayingRelay::close);
    }
}
