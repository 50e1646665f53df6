package org.bitfusion.worker.wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.GatheringByteChannel;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.LinkPacked;
import org.bitfusion.protocol.message.MemData;
import org.bitfusion.protocol.message.WireConstants;
import org.jspecify.annotations.Nullable;

/// Writes frames to the client from any thread. A small frame never waits for another thread's bulk
/// data: while somebody writes it is left to him, and he writes it before his next chunk. Small
/// frames of one thread keep their order.
///
/// What is written is kept until the client has acknowledged it. When the connection breaks, frames
/// are only kept; [#resume] goes on with another connection.
///
/// Who writes waits when the client does not take what is sent, and so does who leaves a frame
/// while [#MOST_LEFT] bytes are waiting, and who sends a large frame while
/// [WireConstants#MOST_UNACKNOWLEDGED] bytes are kept: a client that does not read stalls its own
/// session, the reader included, and takes no more memory than that and a frame per thread. The
/// wait ends when the client reads or its connection closes.
public final class FrameWriter {
    private static final int SMALL = 16 * 1024;

    /// Bytes of frames that may wait for the one who writes.
    static final long MOST_LEFT = 4L << 20;

    /// Of a client that reads and never acknowledges.
    private static final long MOST_KEPT = 2L * WireConstants.MOST_UNACKNOWLEDGED;

    private static final int BULK_HEADER = FrameHeader.BYTES + MemData.MINIMUM_BYTES;

    /// Makes a new connection the session's.
    interface Takeover {
        /// @return false if a newer one has come already
        boolean isNewest();

        /// @return false if a newer one has come
        boolean take() throws IOException;
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition room = lock.newCondition();
    private final ConcurrentLinkedQueue<ByteBuffer> left = new ConcurrentLinkedQueue<>();
    private final AtomicLong leftBytes = new AtomicLong();
    private final AtomicLong acknowledged = new AtomicLong();
    private final AtomicInteger roomAwaited = new AtomicInteger();

    /// More is kept than [WireConstants#MOST_UNACKNOWLEDGED]; written with the lock.
    private volatile boolean full;

    // All of these belong to who has the lock.
    private final Outbox outbox = new Outbox();
    private @Nullable GatheringByteChannel channel;
    private Packing packing = new Packing(Packing.Mode.OFF);
    private final ByteBuffer bulkHeader =
            ByteBuffer.allocate(BULK_HEADER).order(ByteOrder.LITTLE_ENDIAN);
    private volatile Consumer<GatheringByteChannel> lost = _ -> {};

    public FrameWriter(GatheringByteChannel channel) {
        this.channel = channel;
    }

    /// @param packing what may be compressed from now on
    public void pack(Packing packing) {
        lock.lock();
        try {
            this.packing = packing;
        } finally {
            lock.unlock();
        }
    }

    /// @param listener told of a channel that takes nothing any more
    void whenLost(Consumer<GatheringByteChannel> listener) {
        lost = listener;
    }

    /// Sends a small frame; waits only for a client that does not read.
    ///
    /// @param bodyBytes its length without the header
    /// @param frame writes header and body
    public void send(int bodyBytes, Consumer<ByteBuffer> frame) {
        int bytes = FrameHeader.BYTES + bodyBytes;
        if (bytes <= SMALL && lock.tryLock()) {
            try {
                takeLeft();
                frame.accept(outbox.room(bytes));
                outbox.added(bytes);
                push();
            } finally {
                lock.unlock();
            }
        } else {
            if (bytes > SMALL && full) {
                awaitRoomAlone();
            }
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

    public void fail(int call, int request, int status) {
        send(0, out -> FrameHeader.writeFailure(out, call, request, status));
    }

    /// Sends a frame with payload; waits until the client takes it.
    ///
    /// @param payload from position to limit, at most BULK_CHUNK; all of it is taken
    /// @param loan whose the payload's memory is, which stays as it is until [#keep]; null: it may
    ///   change when this returns
    public void sendData(MemData header, ByteBuffer payload, Outbox.@Nullable Loan loan) {
        lock.lock();
        try {
            awaitRoom();
            takeLeft();
            long before = outbox.end();
            if (!packing.isWanted(payload.remaining()) || !addPacked(header, payload)) {
                header.writeFrame(outbox.room(BULK_HEADER), payload.remaining());
                outbox.added(BULK_HEADER);
                if (loan == null) {
                    outbox.copy(payload);
                } else {
                    outbox.lend(payload, loan);
                }
            }
            payload.position(payload.limit());
            long begin = System.nanoTime();
            push();
            packing.sent(outbox.end() - before, begin, System.nanoTime());
        } finally {
            lock.unlock();
        }
        drain();
    }

    private boolean addPacked(MemData header, ByteBuffer payload) {
        header.writeFrame(bulkHeader.clear(), payload.remaining());
        LinkPacked message = new LinkPacked(BULK_HEADER + payload.remaining());
        ByteBuffer packed = packing.pack(bulkHeader.flip(), payload);
        if (packed != null) {
            int head = FrameHeader.BYTES + message.wireBytes();
            message.writeFrame(outbox.room(head), packed.remaining());
            outbox.added(head);
            outbox.copy(packed);
        }
        return packed != null;
    }

    /// From here on the loan's memory may change.
    public void keep(Outbox.Loan loan) {
        lock.lock();
        try {
            trim();
            outbox.keep(loan);
        } finally {
            lock.unlock();
        }
        drain();
    }

    /// The client has received so many bytes. The reader's; waits for nobody who writes unless
    /// somebody waits for this.
    public void acknowledged(long received) {
        acknowledged.accumulateAndGet(received, Math::max);
        if (roomAwaited.get() > 0) {
            lock.lock();
        } else if (!lock.tryLock()) {
            return;
        }
        try {
            trim();
            room.signalAll();
        } finally {
            lock.unlock();
        }
        drain();
    }

    private void awaitRoomAlone() {
        lock.lock();
        try {
            awaitRoom();
        } finally {
            lock.unlock();
        }
    }

    private void awaitRoom() {
        trim();
        if (outbox.kept() > WireConstants.MOST_UNACKNOWLEDGED) {
            roomAwaited.incrementAndGet();
            trim(); // what was acknowledged before others saw that it is awaited
            while (outbox.kept() > WireConstants.MOST_UNACKNOWLEDGED) {
                room.awaitUninterruptibly();
            }
            roomAwaited.decrementAndGet();
        }
    }

    private void trim() {
        try {
            outbox.acknowledge(acknowledged.get());
        } catch (ProtocolException e) {
            breakOff();
        }
        full = outbox.kept() > WireConstants.MOST_UNACKNOWLEDGED;
    }

    /// Goes on with another connection: what the client has not received is written to it.
    ///
    /// @param received bytes that the client has received
    /// @param takeover called while nobody writes, before the first byte is written
    /// @return false if it was not taken
    /// @throws ProtocolException if the client names bytes that are not kept, or were never there
    boolean resume(GatheringByteChannel fresh, long received, Takeover takeover)
            throws IOException {
        boolean taken;
        lock.lock();
        try {
            if (!takeover.isNewest()) {
                return false; // the newer one has told what is to be sent again
            }
            outbox.rewind(received);
            acknowledged.accumulateAndGet(received, Math::max);
            taken = takeover.take();
            if (taken) {
                channel = fresh;
                room.signalAll();
                takeLeft();
                push();
            }
        } finally {
            lock.unlock();
        }
        drain();
        return taken;
    }

    private void waitAndWriteLeft() {
        lock.lock();
        try {
            takeLeft();
            push();
        } finally {
            lock.unlock();
        }
    }

    /// Whoever has had the lock looks whether others have left something meanwhile.
    private void drain() {
        while (!left.isEmpty() && lock.tryLock()) {
            try {
                takeLeft();
                push();
            } finally {
                lock.unlock();
            }
        }
    }

    private void takeLeft() {
        for (ByteBuffer frame = left.poll(); frame != null; frame = left.poll()) {
            leftBytes.addAndGet(-frame.remaining());
            outbox.give(frame);
        }
    }

    private void push() {
        if (outbox.kept() > WireConstants.ACK_STEP) {
            trim();
        }
        if (outbox.kept() > MOST_KEPT) {
            breakOff();
        }
        GatheringByteChannel to = channel;
        try {
            if (to != null) {
                outbox.writeTo(to);
            }
        } catch (IOException e) {
            breakOff();
        }
    }

    private void breakOff() {
        GatheringByteChannel broken = channel;
        channel = null;
        if (broken != null) {
            lost.accept(broken);
        }
    }
}
