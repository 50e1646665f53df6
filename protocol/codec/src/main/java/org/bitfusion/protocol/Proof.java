package org.bitfusion.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/// HMAC-SHA-256 (RFC 2104) under a [Secret], by which its sender shows that it knows the secret
/// without telling it.
public final class Proof {
    /// Bytes of a proof.
    public static final int BYTES = 32;

    /// Proves nothing.
    public static final Proof NONE = new Proof(new byte[BYTES]);

    private static final int BLOCK = 64;
    private static final int INNER = 0x36;
    private static final int OUTER = 0x5c;

    private final byte[] code;

    private Proof(byte[] code) {
        this.code = code;
    }

    /// @param what the purpose, so that a proof for one is none for another
    /// @param said what the proof is bound to; its remaining bytes
    static Proof of(Secret secret, String what, ByteBuffer... said) {
        MessageDigest digest = sha256();
        ByteBuffer bytes = ByteBuffer.allocate(Secret.BYTES);
        secret.write(bytes);
        byte[] key = java.util.Arrays.copyOf(bytes.array(), BLOCK);
        digest.update(mixed(key, INNER));
        digest.update(what.getBytes(StandardCharsets.US_ASCII));
        for (ByteBuffer part : said) {
            digest.update(part.duplicate());
        }
        byte[] inner = digest.digest();
        digest.update(mixed(key, OUTER));
        return new Proof(digest.digest(inner));
    }

    /// That who knows a session's secret has an image.
    ///
    /// @param image its remaining bytes
    public static Proof ofImage(Secret secret, ByteBuffer image) {
        return of(secret, "bitfusion-image", image);
    }

    /// What one worker proves to another that expects a copy from it. The client and the worker
    /// that expects it derive it.
    ///
    /// @param session the secret of the session of the worker that expects the copy
    public static Secret transferSecret(Secret session, UUID transfer) {
        return of(session, "bitfusion-transfer", transferBytes(transfer)).asSecret();
    }

    /// What that secret is covered with on its way to the worker that sends the copy.
    ///
    /// @param session the secret of the session of the worker that sends the copy
    public static Secret transferMask(Secret session, UUID transfer) {
        return of(session, "bitfusion-mask", transferBytes(transfer)).asSecret();
    }

    private static ByteBuffer transferBytes(UUID transfer) {
        ByteBuffer bytes = ByteBuffer.allocate(2 * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        Wire.putUuid(bytes, transfer);
        return bytes.flip();
    }

    private static byte[] mixed(byte[] key, int mask) {
        byte[] mixed = new byte[BLOCK];
        for (int i = 0; i < BLOCK; i++) {
            mixed[i] = (byte) (key[i] ^ mask);
        }
        return mixed;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /// Reads [#BYTES] as they are.
    ///
    /// @throws ProtocolException if there are fewer
    public static Proof read(ByteBuffer in) throws ProtocolException {
        Wire.require(in, BYTES, "proof");
        byte[] code = new byte[BYTES];
        in.get(code);
        return new Proof(code);
    }

    /// Writes the bytes as they are.
    public void write(ByteBuffer out) {
        out.put(code);
    }

    /// The first half, as a secret that only those know who know the key.
    Secret asSecret() {
        ByteBuffer half = ByteBuffer.wrap(code).order(ByteOrder.LITTLE_ENDIAN);
        return Secret.of(half.getLong(), half.getLong());
    }

    /// Takes the same time whatever differs.
    @Override
    public boolean equals(Object other) {
        return other instanceof Proof that && MessageDigest.isEqual(code, that.code);
    }

    @Override
    public int hashCode() {
        return ByteBuffer.wrap(code).getInt();
    }

    @Override
    public String toString() {
        return "Proof[...]";
    }
}
