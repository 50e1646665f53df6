package org.bitfusion.gpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Host memory for bytes on their way between the network and a device, in pieces of one size,
/// which are used again.
///
/// What takes at most half a piece shares one with its neighbours, so that a copy of one byte costs
/// [#ALIGNMENT] bytes and not a piece; larger ones have a piece each. Behind a stream that stands
/// still the pieces and slices in use are bounded: who takes more waits until some come back. That
/// never depends on what the waiting thread would do next, for it waits for work that was submitted
/// before. Thread-safe.
public final class StagingMemory {
    /// Bytes of a piece; nothing larger can be taken.
    public static final int PIECE_BYTES = 1 << 20;

    /// Pieces in use: twice the bytes that a client may have under way (64 MiB), for half of a
    /// piece may be lost between two neighbours, and some.
    static final int MOST_PIECES = 136;

    /// Slices in use, each of which has some objects besides its bytes.
    static final int MOST_SLICES = 1 << 16;

    private static final int ALIGNMENT = 64;

    /// Makes a piece: [#PIECE_BYTES], aligned to 64.
    @FunctionalInterface
    public interface Source {
        Outcome<MemorySegment> make();
    }

    /// Memory of a piece until it is given back.
    public static final class Slice {
        private final MemorySegment bytes;
        private final Piece piece;

        private Slice(MemorySegment bytes, Piece piece) {
            this.bytes = bytes;
            this.piece = piece;
        }

        /// As many bytes as were asked for.
        public MemorySegment bytes() {
            return bytes;
        }
    }

    private static final class Piece {
        private final MemorySegment memory;
        private int used;
        private int slices;

        Piece(MemorySegment memory) {
            this.memory = memory;
        }

        Slice slice(int bytes) {
            Slice slice = new Slice(memory.asSlice(used, bytes), this);
            used += Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
            slices++;
            return slice;
        }
    }

    private final Source source;
    private final int most;
    private final ArrayDeque<Piece> idle = new ArrayDeque<>();
    private @Nullable Piece shared;
    private int inUse;
    private int slices;

    public StagingMemory(Source source) {
        this(source, MOST_PIECES);
    }

    /// @param most pieces that [#take] leaves in use
    StagingMemory(Source source, int most) {
        this.source = source;
        this.most = most;
    }

    /// Takes memory; waits while too much is in use.
    ///
    /// @param bytes at most [#PIECE_BYTES]
    /// @return OUT_OF_MEMORY also for a thread that is interrupted
    public Outcome<Slice> take(int bytes) {
        synchronized (this) {
            try {
                while (slices >= MOST_SLICES || (busy() >= most && !fitsShared(bytes))) {
                    wait();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Outcome.failed(CudaStatus.OUT_OF_MEMORY, "interrupted");
            }
        }
        return takeAtOnce(bytes);
    }

    /// The same without waiting, for who works for a stream.
    public Outcome<Slice> takeAtOnce(int bytes) {
        if (bytes < 0 || bytes > PIECE_BYTES) {
            throw new IllegalArgumentException(
                    "bytes: %d (expected: 0 to %d)".formatted(bytes, PIECE_BYTES));
        }
        synchronized (this) {
            slices++;
            Piece neighbours = shared;
            if (neighbours != null && fitsShared(bytes)) {
                return Outcome.of(neighbours.slice(bytes));
            }
            Piece piece = idle.poll();
            inUse++;
            if (piece != null) {
                return Outcome.of(first(piece, bytes));
            }
        }
        Outcome<MemorySegment> made = source.make(); // may take long: not with the lock
        synchronized (this) {
            if (made.valueOrNull() == null) {
                inUse--;
                slices--;
                notifyAll();
            }
            return made.map(memory -> first(new Piece(memory), bytes));
        }
    }

    private boolean fitsShared(int bytes) {
        Piece piece = shared;
        return piece != null && bytes <= PIECE_BYTES / 2 && piece.used + bytes <= PIECE_BYTES;
    }

    private int busy() {
        Piece piece = shared;
        return piece != null && piece.slices == 0 ? inUse - 1 : inUse;
    }

    private Slice first(Piece piece, int bytes) {
        if (bytes <= PIECE_BYTES / 2) {
            Piece before = shared;
            shared = piece;
            if (before != null) {
                retire(before);
            }
        }
        return piece.slice(bytes);
    }

    public synchronized void give(Slice slice) {
        slice.piece.slices--;
        if (slices-- == MOST_SLICES) {
            notifyAll();
        }
        retire(slice.piece);
    }

    /// Keeps a piece for later if nothing of it is in use.
    private void retire(Piece piece) {
        if (piece.slices == 0) {
            piece.used = 0;
            if (piece != shared) {
                inUse--;
                idle.push(piece);
            }
            notifyAll();
        }
    }

    /// Forgets the pieces of which nothing is in use.
    public synchronized List<MemorySegment> removeIdle() {
        Piece empty = shared;
        if (empty != null && empty.slices == 0) {
            shared = null;
            inUse--;
            idle.push(empty);
        }
        List<MemorySegment> memory = new ArrayList<>();
        idle.forEach(piece -> memory.add(piece.memory));
        idle.clear();
        return memory;
    }

    /// Pieces that are in use, in part or whole.
    synchronized int piecesInUse() {
        return busy();
    }
}
