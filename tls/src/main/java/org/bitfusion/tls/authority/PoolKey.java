package org.bitfusion.tls.authority;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.file.PrivateFiles;
import org.bitfusion.tls.pem.PemBlock;
import org.bitfusion.tls.store.Fields;
import org.bitfusion.tls.store.RecordPath;

/// The 32 bytes that make an appliance an issuer: they seal the pool's secrets in the store and
/// sign its records. They lie in a file of mode 0600 on appliances that vote, and nowhere else.
/// Each use has a key of its own, derived by HKDF with SHA-256 (RFC 5869). Immutable and
/// thread-safe.
public final class PoolKey {
    private static final String LABEL = "BITFUSION POOL KEY";
    private static final String SIGNATURE = "signature";
    private static final int LENGTH = 32;
    private static final int NONCE_LENGTH = 12;
    private static final int TAG_BITS = 128;

    private final SecretKey key;

    private PoolKey(byte[] bytes) {
        key = new SecretKeySpec(bytes, "HKDF");
    }

    public static PoolKey generate() {
        byte[] bytes = new byte[LENGTH];
        new SecureRandom().nextBytes(bytes);
        return new PoolKey(bytes);
    }

    /// @throws TlsException FILE_READABLE_BY_OTHERS, FILE_UNREADABLE, PEM_MALFORMED
    public static PoolKey readFile(Path path) {
        byte[] content = PrivateFiles.readPrivate(path, 4096);
        try {
            return parse(new String(content, StandardCharsets.ISO_8859_1));
        } catch (TlsException exception) {
            throw new TlsException(
                    exception.error(), path + ": " + exception.getMessage(), exception);
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    /// @throws TlsException FILE_EXISTS: a pool key is never written over
    public void writeFile(Path path) {
        PrivateFiles.createPrivate(path, text().getBytes(StandardCharsets.US_ASCII));
    }

    /// For an appliance that becomes a voting one; only over a connection to it whose certificate
    /// was checked.
    public String text() {
        return new PemBlock(LABEL, key.getEncoded()).text();
    }

    /// @throws TlsException PEM_MALFORMED
    public static PoolKey parse(String text) {
        List<PemBlock> blocks = PemBlock.readAll(text);
        if (blocks.size() != 1
                || !blocks.getFirst().label().equals(LABEL)
                || blocks.getFirst().content().length != LENGTH) {
            throw new TlsException(
                    TlsError.PEM_MALFORMED,
                    "no pool key (expected: one block " + LABEL + " of 32 bytes)");
        }
        return new PoolKey(blocks.getFirst().content());
    }

    /// Tells keys apart in messages without revealing anything of them.
    public String fingerprint() {
        return HexFormat.of().formatHex(derive("fingerprint").getEncoded(), 0, 4);
    }

    /// AES-256 in GCM.
    ///
    /// @param purpose what is sealed for one purpose does not open for another
    public byte[] seal(String purpose, byte[] plain) {
        byte[] nonce = new byte[NONCE_LENGTH];
        new SecureRandom().nextBytes(nonce);
        try {
            byte[] sealed = cipher(Cipher.ENCRYPT_MODE, purpose, nonce).doFinal(plain);
            byte[] all = Arrays.copyOf(nonce, NONCE_LENGTH + sealed.length);
            System.arraycopy(sealed, 0, all, NONCE_LENGTH, sealed.length);
            return all;
        } catch (GeneralSecurityException exception) {
            throw new IllegalStateException("this JVM has no AES in GCM", exception);
        }
    }

    /// @throws TlsException POOL_KEY_WRONG also for what was altered, or sealed for another purpose
    public byte[] open(String purpose, byte[] sealed) {
        if (sealed.length < NONCE_LENGTH) {
            throw wrong(purpose, null);
        }
        try {
            return cipher(Cipher.DECRYPT_MODE, purpose, Arrays.copyOf(sealed, NONCE_LENGTH))
                    .doFinal(sealed, NONCE_LENGTH, sealed.length - NONCE_LENGTH);
        } catch (GeneralSecurityException exception) {
            throw wrong(purpose, exception);
        }
    }

    /// The fields with a signature over them and their place (HMAC-SHA-256): who can write to the
    /// store, but has no pool key, can neither make up a record, alter one, nor move it.
    public byte[] encode(RecordPath path, Fields fields) {
        return fields.with(SIGNATURE, signature(path, fields)).encode();
    }

    /// @throws TlsException RECORD_DAMAGED, POOL_KEY_WRONG
    public Fields decode(RecordPath path, String kind, byte[] content) {
        Fields signed = Fields.decode(kind, content);
        Fields fields = signed.without(SIGNATURE);
        if (!MessageDigest.isEqual(signed.bytes(SIGNATURE), signature(path, fields))) {
            throw wrong("record " + path, null);
        }
        return fields;
    }

    /// A code by which a secret of 256 random bits can be recognised, but not found.
    public byte[] recognition(String purpose, byte[] secret) {
        return authenticate("recognition " + purpose, secret);
    }

    private byte[] signature(RecordPath path, Fields fields) {
        return authenticate("record " + path, fields.encode());
    }

    private byte[] authenticate(String purpose, byte[] content) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(derive(purpose));
            return mac.doFinal(content);
        } catch (GeneralSecurityException exception) {
            throw new IllegalStateException("this JVM has no HMAC with SHA-256", exception);
        }
    }

    private Cipher cipher(int mode, String purpose, byte[] nonce) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        SecretKey derived = new SecretKeySpec(derive("seal " + purpose).getEncoded(), "AES");
        cipher.init(mode, derived, new GCMParameterSpec(TAG_BITS, nonce));
        return cipher;
    }

    private SecretKey derive(String purpose) {
        try {
            return KDF.getInstance("HKDF-SHA256")
                    .deriveKey(
                            "Generic",
                            HKDFParameterSpec.ofExtract()
                                    .addIKM(key)
                                    .thenExpand(
                                            ("bitfusion pool key: " + purpose)
                                                    .getBytes(StandardCharsets.UTF_8),
                                            LENGTH));
        } catch (GeneralSecurityException exception) {
            throw new IllegalStateException("this JVM has no HKDF with SHA-256", exception);
        }
    }

    private TlsException wrong(String what, @org.jspecify.annotations.Nullable Exception cause) {
        String message =
                what
                        + ": not made with this pool key (fingerprint "
                        + fingerprint()
                        + "), or altered since; copy the pool key of an appliance that can issue";
        return cause == null
                ? new TlsException(TlsError.POOL_KEY_WRONG, message)
                : new TlsException(TlsError.POOL_KEY_WRONG, message, cause);
    }

    @Override
    public String toString() {
        return "PoolKey[" + fingerprint() + "]";
    }
}
