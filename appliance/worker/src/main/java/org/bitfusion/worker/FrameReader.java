package org.bitfusion.worker;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.ClientMessageHandler;
import org.bitfusion.protocol.message.ClientMessages;
import org.bitfusion.protocol.message.StreamHostFunctionDone;
import org.bitfusion.protocol.message.StreamRelease;
import org.bitfusion.protocol.message.WireConstants;

/// Reads the client's frames and hands them over, one after the other. Small frames are decoded out
/// of one buffer, many to a read; payload goes from the socket to where it belongs.
///
/// ```
/// socket --read--> | frame | frame | header, fields, payload's beginning | --> handler
/// socket --read------------------------------------- payload's rest ----> buffer of the handler
/// ```
final class FrameReader {
    private static final int BUFFER = 256 * 1024;

    /// Told after each frame what it cost of the client's window.
    interface CostListener {
        void executed(int cost) throws IOException;

        /// Told when no frame is left of what has arrived: the reader waits for more.
        default void burstEnds() {}
    }

    private final ReadableByteChannel channel;
    private ByteBuffer buffer =
            ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.LITTLE_ENDIAN).flip();

    FrameReader(ReadableByteChannel channel) {
        this.channel = channel;
    }

    /// Reads until the client closes the connection between two frames.
    ///
    /// @throws ProtocolException if the client sends what the specification does not allow
    /// @throws EOFException if the connection ends within a frame
    void run(ClientMessageHandler handler, CostListener costs) throws IOException {
        while (nextFrame(costs)) {
            frame(handler, costs);
        }
    }

    private boolean nextFrame(CostListener costs) throws IOException {
        if (buffer.remaining() < FrameHeader.BYTES) {
            costs.burstEnds();
        }
        return buffered(FrameHeader.BYTES);
    }

    private void frame(ClientMessageHandler handler, CostListener costs) throws IOException {
        int at = buffer.position();
        int length = buffer.getInt(at);
        int call = Short.toUnsignedInt(buffer.getShort(at + 4));
        int request = buffer.getInt(at + 8);
        if (length < 0
                || length > WireConstants.MAX_BODY
                || buffer.getShort(at + 6) != 0
                || buffer.getInt(at + 12) != 0) {
            throw new ProtocolException(
                    "call 0x%04x: a request with length %d, flags 0x%x, status %d"
                            .formatted(
                                    call,
                                    Integer.toUnsignedLong(length),
                                    buffer.getShort(at + 6),
                                    buffer.getInt(at + 12)));
        }
        int needed = ClientMessages.bytesToBuffer(call, length);
        if (!buffered(FrameHeader.BYTES + needed)) {
            throw new EOFException();
        }
        int body = buffer.position() + FrameHeader.BYTES;
        int filled = buffer.limit();
        int end = Math.min(filled, body + length);
        buffer.position(body).limit(end);
        ClientMessages.dispatch(call, request, length, buffer, handler);
        buffer.limit(filled).position(end);
        if (call != StreamHostFunctionDone.CALL && call != StreamRelease.CALL) {
            // the others are exempt: the client does not charge them either
            costs.executed(Math.max(WireConstants.MINIMUM_FRAME_COST, FrameHeader.BYTES + length));
        }
    }

    /// Makes sure that so many bytes are in the buffer.
    ///
    /// @return false if the connection ended before the first of them
    private boolean buffered(int bytes) throws IOException {
        if (buffer.remaining() >= bytes) {
            return true;
        }
        boolean none = !buffer.hasRemaining();
        if (bytes > buffer.capacity()) {
            ByteBuffer larger = ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
            buffer = larger.put(buffer);
        } else if (buffer.capacity() - buffer.position() < Math.max(bytes, BUFFER / 4) || none) {
            buffer.compact();
        } else {
            int start = buffer.position();
            buffer.position(buffer.limit()).limit(buffer.capacity());
            return fill(start, bytes, none);
        }
        return fill(0, bytes, none);
    }

    private boolean fill(int start, int bytes, boolean none) throws IOException {
        while (buffer.position() - start < bytes) {
            if (channel.read(buffer) < 0) {
                if (none && buffer.position() == start) {
                    buffer.flip().position(start);
                    return false;
                }
                throw new EOFException();
            }
        }
        buffer.flip().position(start);
        return true;
    }

    /// Reads a payload to its end: what is left in `begun`, then from the connection.
    void readPayload(ByteBuffer begun, ByteBuffer destination) throws IOException {
        destination.put(begun);
        while (destination.hasRemaining()) {
            if (channel.read(destination) < 0) {
                throw new EOFException();
            }
        }
    }

    /// Reads a payload that nobody wants.
    void skipPayload(ByteBuffer begun, int payloadBytes) throws IOException {
        int rest = payloadBytes - begun.remaining();
        begun.position(begun.limit());
        ByteBuffer waste = ByteBuffer.allocateDirect(Math.min(Math.max(rest, 1), BUFFER));
        while (rest > 0) {
            int count = channel.read(waste.clear().limit(Math.min(rest, waste.capacity())));
            if (count < 0) {
                throw new EOFException();
            }
            rest -= count;
        }
    }
}
