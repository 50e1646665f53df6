package org.bitfusion.worker.wire;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.ClientMessageHandler;
import org.bitfusion.protocol.message.ClientMessages;
import org.bitfusion.protocol.message.LinkPack;
import org.bitfusion.protocol.message.PeerForget;
import org.bitfusion.protocol.message.StreamHostFunctionDone;
import org.bitfusion.protocol.message.StreamRelease;
import org.bitfusion.protocol.message.WireConstants;

/// Cuts what a source gives into frames, and decodes them. Small frames are decoded out of one
/// buffer, many to a read; of one with a payload only what comes before the payload must be there.
///
/// ```
/// | frame | frame | header, fields, payload's beginning |          payload's rest
///                 ^ the frame at hand                   ^ filled   ^ missing: not yet read
/// ```
///
/// The frames of a `link.pack` take its place in the buffer.
///
/// Used by one thread, but for [#takeOver], whose caller makes sure of the order.
final class FrameReader {
    private static final int BUFFER = 256 * 1024;

    /// Frames about the connection itself have numbers up to this one.
    private static final int LAST_OF_LINK = 0xff;

    /// Where bytes come from.
    interface Source {
        /// Reads at least one byte; waits for it.
        ///
        /// @return how many; -1 at the end
        int read(ByteBuffer destination) throws IOException;
    }

    private final Source source;
    private ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.LITTLE_ENDIAN);

    /// All of the buffer, for the other side's thread: position and limit never change.
    private ByteBuffer whole = buffer.duplicate();

    private int call;
    private int request;
    private int length;
    private int start;
    private int end;
    private int filled;
    private int missing;

    /// Where the frames of a `link.pack` end in the buffer, while the next frame is one of them.
    private int unpackedEnd;

    private ByteBuffer spare = ByteBuffer.allocate(0);

    FrameReader(Source source) {
        this.source = source;
        buffer.flip();
    }

    /// Whether some of the next frame is still to be read.
    boolean isDrained() {
        int body = buffer.remaining() - FrameHeader.BYTES;
        return body < 0 || body < buffer.getInt(buffer.position());
    }

    /// Bytes that have been read beyond the frame at hand.
    int ahead() {
        return filled - end;
    }

    /// Makes the next frame the one at hand: all of it but its payload is in the buffer.
    ///
    /// @return false if the bytes end before it
    /// @throws ProtocolException if its header is not what the specification allows
    /// @throws EOFException if the bytes end within it
    boolean next() throws IOException {
        do {
            if (!nextHeader()) {
                return false;
            }
        } while (call == LinkPack.CALL && unpack());
        if (!buffered(FrameHeader.BYTES + ClientMessages.bytesToBuffer(call, length))) {
            throw new EOFException();
        }
        start = buffer.position();
        filled = buffer.limit();
        end = Math.min(filled, start + bytes());
        missing = start + bytes() - end;
        return true;
    }

    private boolean nextHeader() throws IOException {
        if (unpackedEnd <= buffer.position()) {
            unpackedEnd = 0;
        }
        if (!buffered(FrameHeader.BYTES)) {
            return false;
        }
        int at = buffer.position();
        length = buffer.getInt(at);
        call = Short.toUnsignedInt(buffer.getShort(at + 4));
        request = buffer.getInt(at + 8);
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
        if (unpackedEnd > 0 && (call == LinkPack.CALL || bytes() > unpackedEnd - at)) {
            throw new ProtocolException(
                    "call 0x%04x with length %d in a link.pack".formatted(call, length));
        }
        return true;
    }

    /// Puts the frames of the `link.pack` at hand in its place.
    ///
    /// @return true
    private boolean unpack() throws IOException {
        if (!buffered(bytes())) {
            throw new EOFException();
        }
        int body = buffer.position() + FrameHeader.BYTES;
        int packEnd = body + length;
        int rest = buffer.limit() - packEnd;
        int count = length < LinkPack.MINIMUM_BYTES ? 0 : buffer.getInt(body);
        if (count <= 0 || count > WireConstants.MAX_PACKED) {
            throw new ProtocolException("a link.pack of %d bytes in %d".formatted(count, length));
        }
        ByteBuffer packed =
                buffer.slice(body + LinkPack.MINIMUM_BYTES, length - LinkPack.MINIMUM_BYTES);
        ByteBuffer tail = buffer.slice(packEnd, rest);
        ByteBuffer packs = buffer;
        if (spare.capacity() < count + rest) {
            allocate(Math.max(count + rest, WireConstants.MAX_PACKED + BUFFER));
        } else {
            buffer = spare;
            whole = buffer.duplicate().clear();
        }
        buffer.clear();
        Packing.unpack(packed, buffer.slice(0, count));
        buffer.put(count, tail, 0, rest).limit(count + rest);
        spare = packs;
        unpackedEnd = count;
        return true;
    }

    /// Bytes of the frame at hand.
    int bytes() {
        return FrameHeader.BYTES + length;
    }

    /// What the frame at hand takes from the client's window.
    int cost() {
        return cost(length);
    }

    static int cost(int length) {
        return Math.max(WireConstants.MINIMUM_FRAME_COST, FrameHeader.BYTES + length);
    }

    /// Whether the frame at hand costs nothing and is handled when it is read, whatever is being
    /// executed: what is said about the connection, and what lets a stream go on.
    boolean isUrgent() {
        return call <= LAST_OF_LINK
                || call == StreamRelease.CALL
                || call == PeerForget.CALL
                || call == StreamHostFunctionDone.CALL;
    }

    /// Hands the frame at hand over. The handler takes the payload, which begins in the buffer.
    void dispatch(ClientMessageHandler handler) throws IOException {
        int bufferEnd = filled;
        int frameEnd = end;
        buffer.position(start + FrameHeader.BYTES).limit(frameEnd);
        ClientMessages.dispatch(call, request, length, buffer, handler);
        buffer.limit(bufferEnd).position(frameEnd);
    }

    /// Copies the frame at hand, and reads its payload's rest behind it.
    ///
    /// @param destination with room for [#bytes]
    void moveTo(ByteBuffer destination) throws IOException {
        int limit = destination.limit();
        destination.limit(destination.position() + bytes());
        destination.put(buffer.limit(end).position(start));
        buffer.limit(filled);
        readFully(destination);
        destination.limit(limit);
        missing = 0;
    }

    /// Reads until the destination is full.
    void readFully(ByteBuffer destination) throws IOException {
        while (destination.hasRemaining()) {
            if (source.read(destination) < 0) {
                throw new EOFException();
            }
        }
    }

    /// Reads so many bytes that nobody wants.
    void skip(int count) throws IOException {
        ByteBuffer waste = ByteBuffer.allocateDirect(Math.clamp(count, 1, BUFFER));
        for (int rest = count; rest > 0; rest -= waste.position()) {
            readFully(waste.clear().limit(Math.min(rest, waste.capacity())));
        }
    }

    /// All of the frame at hand has been read.
    void payloadRead() {
        missing = 0;
    }

    /// No frame is at hand.
    void noFrame() {
        end = buffer.position();
        filled = buffer.limit();
        missing = 0;
    }

    /// Goes on where another reader stands, whose thread may be in [#dispatch] and reads nothing
    /// any more: with what it has read beyond its frame at hand. This reader is empty.
    ///
    /// @return the bytes that are missing of that frame, and come first
    int takeOver(FrameReader other) {
        int count = other.ahead();
        if (count > buffer.capacity()) {
            allocate(count);
        }
        buffer.clear().put(0, other.whole, other.end, count).limit(count);
        unpackedEnd = Math.max(0, other.unpackedEnd - other.end);
        noFrame();
        return other.missing;
    }

    /// Another reader has taken over.
    void abandon() {
        buffer.position(0).limit(0);
    }

    private void allocate(int bytes) {
        buffer = ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
        whole = buffer.duplicate();
    }

    /// Makes sure that so many bytes are in the buffer.
    ///
    /// @return false if the bytes ended before the first of them
    private boolean buffered(int bytes) throws IOException {
        if (buffer.remaining() >= bytes) {
            return true;
        }
        boolean none = !buffer.hasRemaining();
        if (bytes > buffer.capacity()) {
            ByteBuffer smaller = buffer;
            allocate(bytes);
            buffer.put(smaller);
        } else if (buffer.capacity() - buffer.position() < Math.max(bytes, BUFFER / 4) || none) {
            buffer.compact();
        } else {
            int from = buffer.position();
            buffer.position(buffer.limit()).limit(buffer.capacity());
            return fill(from, bytes, none);
        }
        return fill(0, bytes, none);
    }

    private boolean fill(int from, int bytes, boolean none) throws IOException {
        while (buffer.position() - from < bytes) {
            if (source.read(buffer) < 0) {
                if (none && buffer.position() == from) {
                    buffer.flip().position(from);
                    return false;
                }
                throw new EOFException();
            }
        }
        buffer.flip().position(from);
        return true;
    }
}
