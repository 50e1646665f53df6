package org.bitfusion.worker.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Takes the probe's frames out of whatever bytes arrive: counts one-way frames, lands bulk payload
/// in `memory`, has everything else answered.
final class ProbeFrames {
    static final int HEADER = 16;
    static final int CHUNK = 1 << 20;
    static final int BULK = 256 << 20;
    private static final int ONE_WAY = 2;
    private static final int BULK_IN = 3;
    private static final int BULK_OUT = 5;

    /// What the transport does for the frames.
    interface Transport {
        /// Sends all of `frame` before it returns, or keeps a copy.
        void answer(ByteBuffer frame);

        void sendBulk();
    }

    private final ByteBuffer memory;
    private final Transport transport;
    private final ByteBuffer partial =
            ByteBuffer.allocateDirect(4096).order(ByteOrder.LITTLE_ENDIAN);
    private int landed;
    private int missing;
    long sum;

    ProbeFrames(ByteBuffer memory, Transport transport) {
        this.memory = memory;
        this.transport = transport;
    }

    /// Where the next bytes of a payload belong, or an empty buffer when a header comes next.
    ByteBuffer landingPlace() {
        return memory.slice(landed, missing);
    }

    void landed(int byteCount) {
        missing -= byteCount;
        landed = (landed + byteCount) % BULK;
    }

    /// Consumes all of `bytes` (little-endian).
    void accept(ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            if (missing > 0) {
                int count = Math.min(missing, bytes.remaining());
                memory.put(landed, bytes, bytes.position(), count);
                bytes.position(bytes.position() + count);
                landed(count);
            } else if (partial.position() > 0) {
                complete(bytes);
            } else if (!frame(bytes)) {
                partial.put(bytes);
            }
        }
    }

    private void complete(ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            partial.put(bytes.get());
            if (partial.position() >= HEADER) {
                partial.flip();
                boolean done = frame(partial);
                partial.compact();
                if (done) {
                    return;
                }
            }
        }
    }

    private boolean frame(ByteBuffer bytes) {
        int at = bytes.position();
        if (bytes.remaining() < HEADER) {
            return false;
        }
        int length = bytes.getInt(at);
        int call = bytes.getShort(at + 4);
        if (call == BULK_IN) {
            missing = length;
            bytes.position(at + HEADER);
            return true;
        }
        if (bytes.remaining() < HEADER + length) {
            return false;
        }
        switch (call) {
            case ONE_WAY ->
                    sum +=
                            bytes.getLong(at + HEADER)
                                    + bytes.getLong(at + HEADER + 16)
                                    + bytes.getLong(at + HEADER + 32);
            case BULK_OUT -> transport.sendBulk();
            default -> transport.answer(bytes.slice(at, HEADER + length));
        }
        bytes.position(at + HEADER + length);
        return true;
    }

    static ByteBuffer bulkHeader() {
        ByteBuffer header = ByteBuffer.allocateDirect(HEADER).order(ByteOrder.LITTLE_ENDIAN);
        return header.putInt(0, CHUNK).putShort(4, (short) BULK_OUT);
    }
}
