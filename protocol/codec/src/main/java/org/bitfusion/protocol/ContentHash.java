package org.bitfusion.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// The SHA-256 of an image, as four numbers that hold its bytes in little-endian order.
public record ContentHash(long first, long second, long third, long fourth) {
    /// Bytes of a hash.
    public static final int BYTES = 32;

    /// Hashes the buffer's remaining bytes and leaves its position as it is.
    public static ContentHash of(ByteBuffer content) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(content.duplicate());
            return take(ByteBuffer.wrap(digest.digest()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /// Reads [#BYTES] as they are.
    ///
    /// @throws ProtocolException if there are fewer
    public static ContentHash read(ByteBuffer in) throws ProtocolException {
        Wire.require(in, BYTES, "hash");
        return take(in);
    }

    private static ContentHash take(ByteBuffer in) {
        in.order(ByteOrder.LITTLE_ENDIAN);
        return new ContentHash(in.getLong(), in.getLong(), in.getLong(), in.getLong());
    }

    /// Writes the bytes as they are; the buffer's order becomes little-endian.
    public void write(ByteBuffer out) {
        out.order(ByteOrder.LITTLE_ENDIAN)
                .putLong(first)
                .putLong(second)
                .putLong(third)
                .putLong(fourth);
    }

    /// @return the 64 hexadecimal digits of the bytes
    public String hex() {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES);
        write(bytes);
        return HexFormat.of().formatHex(bytes.array());
    }
}
