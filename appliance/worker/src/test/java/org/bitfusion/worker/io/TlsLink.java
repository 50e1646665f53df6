package org.bitfusion.worker.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;

/// TLS over a blocking channel with any [SSLEngine].
final class TlsLink implements BlockingServer.Link {
    private static final int NETWORK_BUFFER = 256 * 1024;
    private static final int RECORD = 16 * 1024;

    private final SocketChannel channel;
    private final SSLEngine engine;
    private final ByteBuffer arrived = ByteBuffer.allocateDirect(NETWORK_BUFFER).flip();
    private final ByteBuffer leaving = ByteBuffer.allocateDirect(NETWORK_BUFFER);
    private final ByteBuffer nothing = ByteBuffer.allocate(0);

    TlsLink(SocketChannel channel, SSLEngine engine) throws IOException {
        this.channel = channel;
        this.engine = engine;
        engine.beginHandshake();
        ByteBuffer early = ByteBuffer.allocateDirect(2 * RECORD);
        while (true) {
            HandshakeStatus status = engine.getHandshakeStatus();
            switch (status) {
                case NEED_TASK -> engine.getDelegatedTask().run();
                case NEED_WRAP -> write(nothing);
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> unwrap(early);
                case FINISHED, NOT_HANDSHAKING -> {
                    return;
                }
            }
        }
    }

    @Override
    public int minimumDestination() {
        return RECORD + 1024;
    }

    @Override
    public int read(ByteBuffer destination) throws IOException {
        int total = 0;
        while (destination.remaining() >= minimumDestination()) {
            if (!arrived.hasRemaining() && total > 0) {
                return total;
            }
            int count = unwrap(destination);
            if (count < 0) {
                return total > 0 ? total : -1;
            }
            total += count;
            if (count == 0 && total > 0) {
                return total;
            }
        }
        return total;
    }

    /// One record, or what has arrived of it.
    private int unwrap(ByteBuffer destination) throws IOException {
        SSLEngineResult result = engine.unwrap(arrived, destination);
        return switch (result.getStatus()) {
            case OK -> result.bytesProduced();
            case CLOSED -> -1;
            case BUFFER_OVERFLOW -> throw new IOException("a record larger than its limit");
            case BUFFER_UNDERFLOW -> {
                arrived.compact();
                int count = channel.read(arrived);
                arrived.flip();
                yield count < 0 ? -1 : 0;
            }
        };
    }

    @Override
    public void write(ByteBuffer... sources) throws IOException {
        ByteBuffer last = sources[sources.length - 1];
        do {
            leaving.clear();
            do {
                SSLEngineResult result = engine.wrap(sources, leaving);
                if (result.getStatus() != SSLEngineResult.Status.OK) {
                    break;
                }
            } while (last.hasRemaining());
            leaving.flip();
            while (leaving.hasRemaining()) {
                channel.write(leaving);
            }
        } while (last.hasRemaining());
    }
}
