package org.bitfusion.worker.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import org.bitfusion.worker.wire.Link;
import org.jspecify.annotations.Nullable;

/// One platform thread that blocks in `read`, straight into the place where a payload belongs.
final class BlockingServer implements ProbeServer {
    private static final int BUFFER = 256 * 1024;

    private final ServerSocketChannel listener;
    private final Thread thread;

    BlockingServer(ByteBuffer memory, @Nullable Supplier<SSLEngine> tls) throws IOException {
        listener = ServerSocketChannel.open();
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        thread = Thread.ofPlatform().start(() -> serve(memory, tls));
    }

    @Override
    public int port() {
        return listener.socket().getLocalPort();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void serve(ByteBuffer memory, @Nullable Supplier<SSLEngine> tls) {
        try (SocketChannel channel = listener.accept()) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            Link link = tls == null ? new PlainLink(channel) : new TlsLink(channel, tls.get());
            ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
            ProbeFrames frames = new ProbeFrames(memory, new LinkTransport(link, memory));
            while (true) {
                ByteBuffer landing = frames.landingPlace();
                if (landing.remaining() >= link.minimumDestination()) {
                    int count = link.read(landing);
                    if (count < 0) {
                        return;
                    }
                    frames.landed(count);
                } else {
                    buffer.clear();
                    if (link.read(buffer) < 0) {
                        return;
                    }
                    frames.accept(buffer.flip());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A byte stream; `read` waits for at least one byte, and answers -1 at the end.
    interface Link {
        int read(ByteBuffer destination) throws IOException;

        void write(ByteBuffer... sources) throws IOException;

        int minimumDestination();
    }

    private record PlainLink(SocketChannel channel) implements Link {
        @Override
        public int read(ByteBuffer destination) throws IOException {
            return channel.read(destination);
        }

        @Override
        public void write(ByteBuffer... sources) throws IOException {
            while (sources[sources.length - 1].hasRemaining()) {
                channel.write(sources);
            }
        }

        @Override
        public int minimumDestination() {
            return 1;
        }
    }

    private record LinkTransport(Link link, ByteBuffer memory) implements ProbeFrames.Transport {
        @Override
        public void answer(ByteBuffer frame) {
            send(frame);
        }

        @Override
        public void sendBulk() {
            ByteBuffer header = ProbeFrames.bulkHeader();
            for (int done = 0; done < ProbeFrames.BULK; done += ProbeFrames.CHUNK) {
                send(header.rewind(), memory.slice(done, ProbeFrames.CHUNK));
            }
        }

        private void send(ByteBuffer... sources) {
            try {
                link.write(sources);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
