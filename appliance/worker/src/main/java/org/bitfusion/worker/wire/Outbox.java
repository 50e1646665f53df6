package org.bitfusion.worker.wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import org.bitfusion.protocol.ProtocolException;
import org.jspecify.annotations.Nullable;

/// The bytes for the client that it has not acknowledged, in order; some are still to be written.
///
/// ```
/// acked              sent               end
///   |  kept, written   |  kept, to write  |
/// ```
///
/// Of a write that fails the client may have received any part: over TLS nobody says which. So what
/// was handed to a channel may be acknowledged, whatever became of it.
///
/// Small frames are encoded into chunks, which are used again, the last one given back first, so
/// that they stay in the processor's cache while acknowledgements are prompt. Bulk data is lent: it
/// lies in its owner's buffer until [#keep]; what is not acknowledged by then is copied.
///
/// Not synchronised.
public final class Outbox {
    private static final int CHUNK = 64 * 1024;
    private static final int MOST_SPARES = 128;
    private static final int MOST_PARTS = 32;

    /// Whose lent memory it is.
    public static final class Loan {}

    /// Bytes side by side.
    private static final class Piece {
        final ByteBuffer bytes;
        final ByteBuffer out;
        final boolean isChunk;
        @Nullable Loan loan;
        @Nullable Piece next;
        long start;

        /// @param isChunk filled from its position on; else everything up to the limit counts
        Piece(ByteBuffer bytes, boolean isChunk, @Nullable Loan loan) {
            this.bytes = bytes;
            this.isChunk = isChunk;
            this.loan = loan;
            out = bytes.duplicate();
        }

        int used() {
            return isChunk ? bytes.position() : bytes.limit();
        }

        int room() {
            return isChunk ? bytes.capacity() - bytes.position() : 0;
        }
    }

    private final ByteBuffer[] parts = new ByteBuffer[MOST_PARTS];
    private @Nullable Piece first;
    private @Nullable Piece last;

    /// Holds the byte `sent`, or what is before it; null: begin with the first.
    private @Nullable Piece at;

    private @Nullable Piece spare;
    private int spares;
    private long acked;
    private long sent;

    /// Behind the last byte that was ever handed to a channel.
    private long handed;

    private long end;

    /// The offset behind everything that was added.
    long end() {
        return end;
    }

    /// Where the next frame is to be encoded, from the buffer's position on. [#added] follows.
    ///
    /// @param count its bytes, at most [#CHUNK]
    ByteBuffer room(int count) {
        Piece piece = last;
        if (piece == null || piece.room() < count) {
            piece = chunk();
            link(piece);
        }
        return piece.bytes;
    }

    /// So many bytes have been put into what [#room] gave.
    void added(int count) {
        end += count;
    }

    /// Appends a buffer from its position to its limit; nobody may change it any more.
    void give(ByteBuffer bytes) {
        lend(bytes, null);
    }

    /// Appends a buffer from its position to its limit, which stays as it is until [#keep].
    void lend(ByteBuffer bytes, @Nullable Loan loan) {
        if (bytes.hasRemaining()) {
            link(new Piece(bytes.slice(), false, loan));
            end += bytes.remaining();
        }
    }

    /// Appends a copy of a buffer from its position to its limit.
    void copy(ByteBuffer bytes) {
        ByteBuffer rest = bytes.duplicate();
        while (rest.hasRemaining()) {
            Piece piece = last;
            if (piece == null || piece.room() == 0) {
                piece = chunk();
                link(piece);
            }
            int count = Math.min(rest.remaining(), piece.room());
            piece.bytes.put(rest.slice(rest.position(), count));
            rest.position(rest.position() + count);
            end += count;
        }
    }

    private void link(Piece piece) {
        piece.start = end;
        if (last == null) {
            first = piece;
        } else {
            last.next = piece;
        }
        last = piece;
    }

    private Piece chunk() {
        Piece piece = spare;
        if (piece == null) {
            return new Piece(ByteBuffer.allocateDirect(CHUNK), true, null);
        }
        spare = piece.next;
        spares--;
        piece.next = null;
        piece.bytes.clear();
        return piece;
    }

    /// Writes all that is to be written.
    void writeTo(GatheringByteChannel channel) throws IOException {
        while (sent < end) {
            int count = gather();
            long bytes = 0;
            for (int i = 0; i < count; i++) {
                bytes += parts[i].remaining();
            }
            handed = Math.max(handed, sent + bytes);
            sent += count == 1 ? channel.write(parts[0]) : channel.write(parts, 0, count);
        }
    }

    private int gather() {
        Piece piece = at == null ? first : at;
        while (piece != null && sent >= piece.start + piece.used()) {
            piece = piece.next;
        }
        at = piece;
        int skipped = piece == null ? 0 : (int) (sent - piece.start);
        int count = 0;
        for (; piece != null && count < MOST_PARTS; piece = piece.next) {
            parts[count++] = piece.out.limit(piece.used()).position(skipped);
            skipped = 0;
        }
        return count;
    }

    /// The client has received all before the offset.
    ///
    /// @throws ProtocolException if that cannot be
    void acknowledge(long received) throws ProtocolException {
        if (received > handed) {
            throw new ProtocolException(
                    "%d bytes acknowledged, %d sent".formatted(received, handed));
        }
        acked = Math.max(acked, received);
        if (acked > sent) {
            sent = acked;
            at = null;
        }
        for (Piece piece = first;
                piece != null
                        && piece.start + piece.used() <= acked
                        && (piece != last || piece.room() == 0);
                piece = first) {
            first = piece.next;
            if (piece == last) {
                last = null;
            }
            if (piece == at) {
                at = null;
            }
            drop(piece);
        }
    }

    private void drop(Piece piece) {
        if (piece.isChunk && spares < MOST_SPARES) {
            piece.next = spare;
            spare = piece;
            spares++;
        }
    }

    /// Writes again from the offset on, which is what the client has received.
    ///
    /// @throws ProtocolException if those bytes are not kept any more or were never there
    void rewind(long received) throws ProtocolException {
        if (received < acked) {
            throw new ProtocolException(
                    "%d bytes received, but %d acknowledged".formatted(received, acked));
        }
        acknowledge(received);
        sent = received;
        at = null;
    }

    /// Copies what is still lent by this loan.
    void keep(Loan loan) {
        Piece before = null;
        for (Piece piece = first; piece != null; piece = piece.next) {
            if (piece.loan == loan) {
                piece = replace(before, piece);
            }
            before = piece;
        }
    }

    /// Puts chunks with a copy in a piece's place.
    ///
    /// @return the last of them
    private Piece replace(@Nullable Piece before, Piece piece) {
        Piece previous = before;
        for (int done = 0; done < piece.used(); done += CHUNK) {
            Piece copy = chunk();
            copy.start = piece.start + done;
            copy.bytes.put(piece.bytes.slice(done, Math.min(CHUNK, piece.used() - done)));
            if (previous == null) {
                first = copy;
            } else {
                previous.next = copy;
            }
            previous = copy;
        }
        if (previous == null) {
            throw new IllegalStateException("an empty piece");
        }
        previous.next = piece.next;
        if (piece == last) {
            last = previous;
        }
        if (piece == at) {
            at = null;
        }
        return previous;
    }

    /// Bytes that may have to be written again.
    long kept() {
        return end - acked;
    }
}
