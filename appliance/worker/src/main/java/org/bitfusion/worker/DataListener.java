package org.bitfusion.worker;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.message.WireConstants;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A session's data port on loopback. Lets in one connection, the first that knows the session's
/// secret; others are closed and named in the log, and cannot hold it up.
final class DataListener implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DataListener.class);
    private static final Duration TIME_TO_GREET = Duration.ofSeconds(5);
    private static final int MOST_STRANGERS = 64;

    private final ServerSocketChannel channel;
    private final Secret secret;
    private final String build;
    private final CompletableFuture<SocketChannel> client = new CompletableFuture<>();

    private DataListener(ServerSocketChannel channel, Secret secret, String build) {
        this.channel = channel;
        this.secret = secret;
        this.build = build;
    }

    /// Opens a port of the range, from a random one on; 0 to 0: any.
    ///
    /// @return empty when all are taken
    static Optional<DataListener> open(int minimum, int maximum, Secret secret, String build)
            throws IOException {
        int count = maximum - minimum + 1;
        int first = ThreadLocalRandom.current().nextInt(count);
        for (int i = 0; i < count; i++) {
            ServerSocketChannel channel = ServerSocketChannel.open();
            try {
                channel.bind(
                        new InetSocketAddress(
                                InetAddress.getLoopbackAddress(), minimum + (first + i) % count));
                return Optional.of(new DataListener(channel, secret, build));
            } catch (java.net.BindException e) {
                channel.close();
            }
        }
        return Optional.empty();
    }

    int port() {
        return channel.socket().getLocalPort();
    }

    /// Waits for the client.
    SocketChannel accept() throws IOException {
        Thread.ofPlatform().daemon().name("accept").start(this::acceptAll);
        SocketChannel accepted = client.join();
        accepted.setOption(StandardSocketOptions.TCP_NODELAY, true);
        return accepted;
    }

    private void acceptAll() {
        java.util.concurrent.Semaphore strangers =
                new java.util.concurrent.Semaphore(MOST_STRANGERS);
        while (!client.isDone()) {
            try {
                SocketChannel connection = channel.accept();
                strangers.acquireUninterruptibly();
                // On a platform thread: input or output by a virtual thread would leave the
                // channel in non-blocking mode for ever, and cost two more system calls a read.
                Thread.ofPlatform()
                        .daemon()
                        .name("greeting")
                        .start(() -> {
                            greet(connection);
                            strangers.release();
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
                                if (!self.join(TIME_TO_GREET)) {
                                    connection.close();
                                }
                            } catch (InterruptedException | IOException e) {
                                LOG.trace("no need to watch any more");
                            }
                        });
        try {
            Hello hello = readHello(connection);
            Hello.Status status = judge(hello);
            boolean welcome = status == Hello.Status.WELCOME;
            watch.interrupt();
            ByteBuffer answer = ByteBuffer.allocate(Hello.BYTES);
            hello.answer(status, build, (int) ProcessHandle.current().pid()).write(answer);
            connection.write(answer.flip());
            if (welcome && client.complete(connection)) {
                return;
            }
            LOG.warn(
                    "peer={} pid={} refused, error={} build={}",
                    connection.getRemoteAddress(),
                    hello.process(),
                    welcome ? Hello.Status.BUSY : status,
                    hello.build());
            connection.close();
        } catch (IOException e) {
            LOG.warn("a stranger on the data port, error=\"{}\"", e.toString());
            closeQuietly(connection);
        }
    }

    private Hello.Status judge(Hello hello) {
        if (hello.version() != WireConstants.PROTOCOL_VERSION) {
            return Hello.Status.OTHER_VERSION;
        }
        if (hello.kind() != Hello.KIND_DATA || !hello.secret().equals(secret)) {
            return Hello.Status.NOT_ALLOWED;
        }
        return client.isDone() ? Hello.Status.BUSY : Hello.Status.WELCOME;
    }

    private static Hello readHello(SocketChannel connection) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Hello.BYTES);
        while (bytes.hasRemaining()) {
            if (connection.read(bytes) < 0) {
                throw new EOFException();
            }
        }
        try {
            return Hello.read(bytes.flip());
        } catch (ProtocolException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static void closeQuietly(SocketChannel connection) {
        try {
            connection.close();
        } catch (IOException e) {
            LOG.trace("closing a stranger", e);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
