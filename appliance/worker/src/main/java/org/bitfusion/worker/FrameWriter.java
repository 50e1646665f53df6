package org.bitfusion.worker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.message.MemData;

/// Writes frames to the client from any thread. A small frame never waits for another thread's bulk
/// data: while somebody writes it is left to him, and he writes it before his next chunk. Small
/// frames of one thread keep their order.
///
/// Who writes waits when the client does not take what is sent, and so does who leaves a frame
/// while [#MOST_LEFT] bytes are waiting: a client that does not read stalls its own session, the
/// reader included, and takes no more memory than that and a frame per thread. The wait ends when
/// the client reads or its connection closes.
///
/// When the client is gone nothing is written any more; whoever reads from it notices.
final class FrameWriter {
    private static final int SMALL = 16 * 1024;

    /// Bytes of frames that may wait for the one who writes.
    static final long MOST_LEFT = 4L << 20;

    private static final int BULK_HEADER = FrameHeader.BYTES + MemData.MINIMUM_BYTES;

    private final GatheringByteChannel channel;
    private final ReentrantLock lock = new ReentrantLock();
    private final ConcurrentLinkedQueue<ByteBuffer> left = new ConcurrentLinkedQueue<>();
    private final AtomicLong leftBytes = new AtomicLong();
    private final ByteBuffer small = ByteBuffer.allocateDirect(SMALL);
    private final ByteBuffer bulkHeader = ByteBuffer.allocateDirect(BULK_HEADER);
    private volatile boolean broken;

    FrameWriter(GatheringByteChannel channel) {
        this.channel = channel;
    }

    /// Sends a small frame; waits only for a client that does not read.
    ///
    /// @param bodyBytes its length without the header
    /// @param frame writes header and body
    void send(int bodyBytes, Consumer<ByteBuffer> frame) {
        int bytes = FrameHeader.BYTES + bodyBytes;
        if (bytes <= SMALL && lock.tryLock()) {
            try {
                writeLeft();
                frame.accept(small.clear());
                write(small.flip());
            } finally {
                lock.unlock();
            }
        } else {
            ByteBuffer copy = ByteBuffer.allocate(bytes);
            frame.accept(copy);
            copy.flip();
            long waiting = leftBytes.addAndGet(copy.remaining());
            left.add(copy);
            if (waiting > MOST_LEFT) {
                waitAndWriteLeft();
            }
        }
        drain();
    }

    void fail(int call, int request, int status) {
        send(0, out -> FrameHeader.writeFailure(out, call, request, status));
    }

    /// Sends a frame with payload; waits until the client takes it.
    ///
    /// @param payload from position to limit, at most BULK_CHUNK; all of it is taken
    void sendData(MemData header, ByteBuffer payload) {
        lock.lock();
        try {
            writeLeft();
            header.writeFrame(bulkHeader.clear(), payload.remaining());
            write(bulkHeader.flip(), payload);
        } finally {
            lock.unlock();
        }
        drain();
    }

    private void waitAndWriteLeft() {
        lock.lock();
        try {
            writeLeft();
        } finally {
            lock.unlock();
        }
    }

    private void drain() {
        while (!left.isEmpty() && lock.tryLock()) {
            try {
                writeLeft();
            } finally {
                lock.unlock();
            }
        }
    }

    private void writeLeft() {
        for (ByteBuffer frame = left.poll(); frame != null; frame = left.poll()) {
            leftBytes.addAndGet(-frame.remaining());
            write(frame);
        }
    }

    /// One buffer takes the plain call.
    private void write(ByteBuffer source) {
        try {
            while (!broken && source.hasRemaining()) {
                channel.write(source);
            }
        } catch (IOException e) {
            broken = true;
        }
        source.position(source.limit());
    }

    private void write(ByteBuffer header, ByteBuffer payload) {
        ByteBuffer[] both = {header, payload};
        try {
            while (!broken && (payload.hasRemaining() || header.hasRemaining())) {
                channel.write(both);
            }
        } catch (IOException e) {
            broken = true;
        }
        payload.position(payload.limit());
    }
}
