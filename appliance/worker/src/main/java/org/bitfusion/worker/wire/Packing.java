package org.bitfusion.worker.wire;

import java.nio.ByteBuffer;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.WireConstants;
import org.jspecify.annotations.Nullable;

/// Compression of what goes to the client, where the link is the limit and the data allows it:
/// whole frames in a `link.packed`. Decides piece by piece, from how fast the link took the last
/// ones and what compression gained of them. The client's side is `transport/packing.c`.
///
/// Not synchronised: belongs to who has the writer's lock.
public final class Packing {
    /// The protocol's version that has link.pack and link.packed.
    public static final int SINCE_VERSION = 3;

    /// `BF_COMPRESSION` of the environment.
    public enum Mode {
        OFF,
        AUTO,
        ALWAYS;

        public static Mode of(@Nullable String text) {
            return "off".equals(text) ? OFF : "always".equals(text) ? ALWAYS : AUTO;
        }
    }

    /// A link that takes more a second is not the limit: compression and decompression would be.
    private static final double FAST = 400e6;

    /// Bytes of a piece that is worth it.
    private static final int SMALLEST = 16 * 1024;

    private static final int MOST_SKIPPED = 32;

    /// Compressed pieces, then one goes as it is if the link has not shown that it is the limit.
    private static final int MOST_UNCHECKED = 64;

    private static final long LEAST_MEASURED = 4_000_000;
    private static final long BURST = 50_000_000;

    /// A write that takes no longer than these bytes and its own would on a fast link has not
    /// waited for room, whatever else this machine does.
    private static final int WAITED_BYTES = 256 * 1024;

    private static final LZ4Compressor COMPRESSOR = LZ4Factory.fastestInstance().fastCompressor();
    private static final LZ4SafeDecompressor DECOMPRESSOR =
            LZ4Factory.fastestInstance().safeDecompressor();

    private final Mode mode;
    private @Nullable ByteBuffer plain;
    private @Nullable ByteBuffer packed;
    private double rate;
    private long full;
    private boolean isFull;
    private long left;
    private long last;
    private int skip;
    private int skipped;
    private int unchecked;

    public Packing(Mode mode) {
        this.mode = mode;
    }

    /// Whether it is worth trying with the next piece of so many bytes.
    boolean isWanted(int bytes) {
        if (mode != Mode.AUTO || bytes < SMALLEST) {
            return mode == Mode.ALWAYS && bytes >= SMALLEST;
        }
        if (rate == 0 || rate > FAST) {
            return false;
        }
        if (skipped < skip) {
            skipped++;
            return false;
        }
        if (++unchecked > MOST_UNCHECKED) {
            unchecked = 0;
            return false;
        }
        return true;
    }

    /// Makes the payload of a `link.packed` of a frame.
    ///
    /// @param header of the frame and its fields, from position to limit
    /// @param payload from position to limit; its position stays
    /// @return good until the next call; null if compression gains too little
    @Nullable ByteBuffer pack(ByteBuffer header, ByteBuffer payload) {
        int bytes = header.remaining() + payload.remaining();
        if (bytes > WireConstants.MAX_PACKED) {
            return null;
        }
        ByteBuffer from = room(plain);
        ByteBuffer to = room(packed);
        plain = from;
        packed = to;
        from.put(header).put(payload.duplicate()).flip();
        to.limit(bytes - bytes / 8); // less than an eighth is no gain
        try {
            COMPRESSOR.compress(from, to);
        } catch (LZ4Exception e) { // it did not fit
            skip = Math.min(skip * 2 + 1, MOST_SKIPPED);
            skipped = 0;
            return null;
        }
        skip = 0;
        skipped = 0;
        return to.flip();
    }

    /// A piece has been written to the link.
    ///
    /// @param bytes of it on the link
    /// @param begin when the writing began, by [System#nanoTime]
    /// @param end when it had ended
    void sent(long bytes, long begin, long end) {
        if (begin - last > BURST) {
            isFull = false;
        }
        last = end;
        left += bytes;
        // The socket takes what it has room for at once.
        boolean waited = (end - begin) * FAST > (bytes + WAITED_BYTES) * 1e9;
        if (!waited) {
            return;
        }
        unchecked = 0;
        long passed = end - full;
        if (isFull && passed < LEAST_MEASURED) {
            return;
        }
        if (isFull) {
            double now = left * 1e9 / passed;
            rate = rate == 0 ? now : (rate + now) / 2;
        }
        isFull = true;
        full = end;
        left = 0;
    }

    /// Decompresses the data of a `link.pack`.
    ///
    /// @param packed from position to limit
    /// @param plain has room for exactly the bytes that must come out
    /// @throws ProtocolException if others come out
    static void unpack(ByteBuffer packed, ByteBuffer plain) throws ProtocolException {
        try {
            DECOMPRESSOR.decompress(packed, plain);
        } catch (LZ4Exception e) {
            throw new ProtocolException("a link.pack that is no LZ4 block: " + e.getMessage());
        }
        if (plain.hasRemaining()) {
            throw new ProtocolException(
                    "a link.pack that lacks %d bytes".formatted(plain.remaining()));
        }
    }

    private static ByteBuffer room(@Nullable ByteBuffer buffer) {
        return buffer != null
                ? buffer.clear()
                : ByteBuffer.allocateDirect(WireConstants.MAX_PACKED);
    }
}
