package org.bitfusion.worker.channel;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import org.bitfusion.protocol.ChannelBinding;

/// TLS 1.3 over a blocking socket (decision 0002). Large reads are decrypted where they belong;
/// several records are encrypted to a write.
///
/// An engine may be used by one thread that reads and one that writes at once (SSLEngine,
/// "Concurrency Notes"). What the protocol itself has to say after a read (a new key) the reader
/// writes, so writing has a lock.
public final class TlsChannel implements DataChannel {
    /// RFC 8446, 5.1 and 5.2: plaintext of a record, and what a record adds at most, with what an
    /// engine wants to have room for beyond that.
    private static final int RECORD = 16 * 1024;

    private static final int OVERHEAD = 256 + 5 + 64;
    private static final int BATCH = 8;

    /// What an engine wants to have room for before it decrypts a full record: a little more than
    /// the record.
    private static final int ROOM = RECORD + 1024;

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final SocketChannel socket;
    private final SSLEngine engine;

    /// Of a stranger: small, and the heap's, which gets them back as soon as he is gone.
    private ByteBuffer arrived = ByteBuffer.allocate(RECORD + OVERHEAD).flip();

    private ByteBuffer leaving = ByteBuffer.allocate(RECORD + OVERHEAD);

    /// Decrypted bytes for which the reader had no room.
    private final ByteBuffer rest = ByteBuffer.allocate(ROOM).flip();

    private final Object writing = new Object();
    private final ChannelBinding binding;

    /// Shakes hands. Waits as long as the client takes; closing the socket ends that.
    ///
    /// @param socket that this channel closes from then on
    public TlsChannel(SocketChannel socket, SSLEngine engine) throws IOException {
        this.socket = socket;
        this.engine = engine;
        engine.beginHandshake();
        while (isShakingHands()) {
            // Each round does what the engine asks for.
        }
        binding = ChannelBinding.of(engine.getSession());
    }

    private boolean isShakingHands() throws IOException {
        switch (engine.getHandshakeStatus()) {
            case NEED_TASK -> runTasks();
            case NEED_WRAP -> wrapNothing();
            case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                rest.clear();
                int count = unwrap(rest);
                rest.flip();
                if (count < 0) {
                    throw new EOFException("closed within the TLS handshake");
                }
            }
            case FINISHED, NOT_HANDSHAKING -> {
                return false;
            }
        }
        return true;
    }

    private void runTasks() {
        for (Runnable task = engine.getDelegatedTask();
                task != null;
                task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    private void wrapNothing() throws IOException {
        synchronized (writing) {
            leaving.clear();
            engine.wrap(NOTHING, leaving);
            writeLeaving();
        }
    }

    private void writeLeaving() throws IOException {
        leaving.flip();
        while (leaving.hasRemaining()) {
            socket.write(leaving);
        }
    }

    @Override
    public ChannelBinding binding() {
        return binding;
    }

    @Override
    public void letIn() {
        arrived = ByteBuffer.allocateDirect(BATCH * (RECORD + OVERHEAD)).put(arrived).flip();
        synchronized (writing) {
            leaving = ByteBuffer.allocateDirect(BATCH * (RECORD + OVERHEAD));
        }
    }

    /// Reads at least a byte, and then what is there without waiting.
    @Override
    public int read(ByteBuffer destination) throws IOException {
        int total = takeRest(destination);
        while (destination.hasRemaining() && (total == 0 || arrived.hasRemaining())) {
            int before = arrived.remaining();
            int count = decrypt(destination, total == 0);
            if (count < 0) {
                return total > 0 ? total : -1;
            }
            total += count;
            if (count == 0 && total > 0 && arrived.remaining() == before) {
                break; // half a record
            }
        }
        return total;
    }

    private int takeRest(ByteBuffer destination) {
        int count = Math.min(rest.remaining(), destination.remaining());
        if (count > 0) {
            destination.put(rest.slice(rest.position(), count));
            rest.position(rest.position() + count);
        }
        return count;
    }

    private int decrypt(ByteBuffer destination, boolean wait) throws IOException {
        if (destination.remaining() >= ROOM) {
            return unwrap(destination, wait);
        }
        rest.clear();
        int count = unwrap(rest, wait);
        rest.flip();
        return count < 0 ? -1 : takeRest(destination);
    }

    private int unwrap(ByteBuffer destination) throws IOException {
        return unwrap(destination, true);
    }

    /// Decrypts a record.
    ///
    /// @param wait whether to read what is missing of it
    /// @return its bytes, 0 if it was none of the session's or is missing; -1 at the end
    private int unwrap(ByteBuffer destination, boolean wait) throws IOException {
        SSLEngineResult result = engine.unwrap(arrived, destination);
        return switch (result.getStatus()) {
            case OK -> {
                answerProtocol(result.getHandshakeStatus());
                yield result.bytesProduced();
            }
            case BUFFER_UNDERFLOW -> wait ? readMore() : 0;
            case CLOSED -> -1;
            case BUFFER_OVERFLOW -> throw new IOException("a record larger than its limit");
        };
    }

    private int readMore() throws IOException {
        arrived.compact();
        int count = socket.read(arrived);
        arrived.flip();
        return count < 0 ? -1 : 0;
    }

    /// After the handshake: a new key of the other side may ask for one of ours.
    private void answerProtocol(HandshakeStatus status) throws IOException {
        if (status == HandshakeStatus.NEED_TASK) {
            runTasks();
        } else if (status == HandshakeStatus.NEED_WRAP) {
            wrapNothing();
        }
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        return (int) write(new ByteBuffer[] {source}, 0, 1);
    }

    @Override
    public long write(ByteBuffer[] sources) throws IOException {
        return write(sources, 0, sources.length);
    }

    /// Writes all of it.
    @Override
    public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
        long left = 0;
        for (int i = offset; i < offset + length; i++) {
            left += sources[i].remaining();
        }
        long total = left;
        synchronized (writing) {
            while (left > 0) {
                leaving.clear();
                while (left > 0 && leaving.remaining() >= RECORD + OVERHEAD) {
                    SSLEngineResult result = engine.wrap(sources, offset, length, leaving);
                    if (result.getStatus() != SSLEngineResult.Status.OK) {
                        throw new IOException("TLS is over: " + result.getStatus());
                    }
                    left -= result.bytesConsumed();
                }
                writeLeaving();
            }
        }
        return total;
    }

    @Override
    public boolean isOpen() {
        return socket.isOpen();
    }

    /// Closes the socket; the session says itself that it is over.
    @Override
    public void close() throws IOException {
        socket.close();
    }
}
