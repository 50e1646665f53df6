package org.bitfusion.worker.wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.message.ClientMessageHandler;
import org.bitfusion.protocol.message.ClientMessages;

/// One of the two threads of [FrameLoop]: reads, executes, or both, as its turns are; never decides
/// whose turn it is.
final class FrameSide {
    /// Bytes of frames that are queued together.
    private static final int PIECE = 256 * 1024;

    private final FrameReader reader;
    private final Turns turns;
    private final ClientMessageHandler handler;
    private final FrameLoop.Costs costs;

    private volatile ThreadState state;

    /// Has the reading turn. Also true for some time after the other side has taken it.
    private boolean reads;

    /// The number of the frame that this side executes, or has executed last.
    private long frame;

    FrameSide(
            ReadableByteChannel channel,
            Turns turns,
            ClientMessageHandler handler,
            FrameLoop.Costs costs) {
        this.reader =
                new FrameReader(destination -> {
                    turns.waits();
                    int count = channel.read(destination);
                    turns.hasWaited();
                    return count;
                });
        this.turns = turns;
        this.handler = handler;
        this.costs = costs;
        state = ThreadState.ofThisThread();
    }

    void takeBoth() {
        turns.takeBoth(this);
        reads = true;
    }

    /// @param begins has both turns when the session begins
    void live(FrameSide other, boolean begins) throws IOException, InterruptedException {
        state = ThreadState.ofThisThread();
        if (begins) {
            takeBoth();
            if (!readAndExecuteAll()) {
                return;
            }
        }
        do {
            takeOver(other, turns.lookOn(other::isRunnable));
        } while (readAhead() && readAndExecuteAll());
    }

    /// With both turns; returns without any, or false at the end.
    private boolean readAndExecuteAll() throws IOException {
        do {
            executeQueue();
            while (reads) {
                if (!readAndExecute()) {
                    return false;
                }
            }
        } while (!turns.queue().giveTurn());
        return true;
    }

    private void executeQueue() throws IOException {
        for (ByteBuffer frames = turns.queue().poll();
                frames != null;
                frames = turns.queue().poll()) {
            while (frames.hasRemaining() && !turns.isOver()) {
                executeFrom(frames);
            }
        }
    }

    private void executeFrom(ByteBuffer frames) throws IOException {
        int at = frames.position();
        int length = frames.getInt(at);
        int call = Short.toUnsignedInt(frames.getShort(at + 4));
        int request = frames.getInt(at + 8);
        int all = frames.limit();
        int next = at + FrameHeader.BYTES + length;
        frames.position(at + FrameHeader.BYTES).limit(next);
        begin();
        ClientMessages.dispatch(call, request, length, frames, handler);
        costs.executed(FrameReader.cost(length));
        finish();
        frames.limit(all).position(next);
    }

    /// With both turns, and nothing in the queue.
    ///
    /// @return false at the end
    boolean readAndExecute() throws IOException {
        if (reader.isDrained()) {
            begin();
            costs.burstEnds();
            finish();
            if (!reads) {
                return true;
            }
        }
        if (!reader.next()) {
            return false;
        }
        boolean urgent = reader.isUrgent();
        int cost = reader.cost();
        if (!urgent) {
            costs.arrived(cost);
        }
        publish();
        reader.dispatch(handler);
        if (!urgent) {
            costs.executed(cost);
        }
        finish();
        return true;
    }

    /// Something is executed that does not lie in the reader.
    private void begin() {
        if (reads) {
            reader.noFrame();
            publish();
        }
    }

    /// From here on the other side may take the reading turn.
    private void publish() {
        frame = turns.executes();
    }

    private void finish() {
        if (!keepsReading()) {
            reader.abandon();
        }
    }

    /// From here on the other side cannot take the reading turn, or it has taken it.
    private boolean keepsReading() {
        if (reads) {
            reads = turns.keepsReading(frame);
        }
        return reads;
    }

    void readPayload(ByteBuffer begun, ByteBuffer destination) throws IOException {
        destination.put(begun);
        if (!destination.hasRemaining()) {
            return;
        }
        if (keepsReading()) {
            reader.readFully(destination);
            reader.payloadRead();
            publish();
        } else {
            destination.put(turns.rest().take(frame));
        }
    }

    void skipPayload(ByteBuffer begun, int payloadBytes) throws IOException {
        int count = payloadBytes - begun.remaining();
        begun.position(begun.limit());
        if (count > 0 && keepsReading()) {
            reader.skip(count);
            reader.payloadRead();
            publish();
        }
    }

    private void takeOver(FrameSide other, long number) throws IOException {
        reads = true;
        int missing = reader.takeOver(other.reader);
        turns.haveParted();
        costs.burstEnds();
        if (missing > 0) {
            ByteBuffer payload = ByteBuffer.allocate(missing);
            reader.readFully(payload);
            turns.rest().give(number, payload.flip());
        }
    }

    /// With the reading turn; returns with both, or false at the end.
    private boolean readAhead() throws IOException, InterruptedException {
        ByteBuffer batch = null;
        while (true) {
            if (batch != null && reader.isDrained()) {
                turns.queue().add(batch.flip());
                batch = null;
            }
            if (batch == null && turns.queue().takeTurn()) {
                takeBoth();
                return true;
            }
            if (!reader.next()) {
                return false;
            }
            if (reader.isUrgent()) {
                reader.dispatch(handler);
                continue;
            }
            costs.arrived(reader.cost());
            if (batch != null && batch.remaining() < reader.bytes()) {
                turns.queue().add(batch.flip());
                batch = null;
            }
            if (batch == null) {
                int room = Math.min(PIECE, reader.bytes() + reader.ahead());
                batch =
                        ByteBuffer.allocate(Math.max(room, reader.bytes()))
                                .order(ByteOrder.LITTLE_ENDIAN);
            }
            reader.moveTo(batch);
        }
    }

    private boolean isRunnable() {
        return state.isRunnable();
    }
}
