package org.bitfusion.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.util.HexFormat;

/// 128 bits that prove a right: of a lease, of a session, of the appliance's own user. Never
/// printed by accident.
public final class Secret {
    /// Bytes of a secret.
    public static final int BYTES = 16;

    /// The secret of those who have none.
    public static final Secret NONE = new Secret(0, 0);

    private final long first;
    private final long second;

    private Secret(long first, long second) {
        this.first = first;
        this.second = second;
    }

    static Secret of(long first, long second) {
        return new Secret(first, second);
    }

    /// @return a new secret that nobody can guess
    public static Secret random(SecureRandom random) {
        return new Secret(random.nextLong(), random.nextLong());
    }

    /// Reads [#BYTES] as they are.
    ///
    /// @throws ProtocolException if there are fewer
    public static Secret read(ByteBuffer in) throws ProtocolException {
        Wire.require(in, BYTES, "secret");
        in.order(ByteOrder.LITTLE_ENDIAN);
        return new Secret(in.getLong(), in.getLong());
    }

    /// @param hex 32 hexadecimal digits in the order of the bytes
    /// @throws IllegalArgumentException if it is anything else
    public static Secret parse(String hex) {
        if (hex.length() != 2 * BYTES) {
            throw new IllegalArgumentException(
                    "a secret of " + hex.length() + " digits (expected: " + 2 * BYTES + ")");
        }
        ByteBuffer bytes =
                ByteBuffer.wrap(HexFormat.of().parseHex(hex)).order(ByteOrder.LITTLE_ENDIAN);
        return new Secret(bytes.getLong(), bytes.getLong());
    }

    /// Writes the bytes as they are; the buffer's order becomes little-endian.
    public void write(ByteBuffer out) {
        out.order(ByteOrder.LITTLE_ENDIAN).putLong(first).putLong(second);
    }

    /// @return covered with a mask, or uncovered again
    public Secret masked(Secret mask) {
        return new Secret(first ^ mask.first, second ^ mask.second);
    }

    /// @return the 32 digits, for the files of mode 0600 that carry it
    public String hex() {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES);
        write(bytes);
        return HexFormat.of().formatHex(bytes.array());
    }

    /// Takes the same time whatever differs.
    @Override
    public boolean equals(Object other) {
        return other instanceof Secret that && ((first ^ that.first) | (second ^ that.second)) == 0;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(first ^ second);
    }

    @Override
    public String toString() {
        return "Secret[...]";
    }
}
