package org.bitfusion.allocator;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.Secret;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.store.Fields;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.RecordStore;
import org.bitfusion.tls.store.StoredRecord;

/// A key that the pool's managers share, made by the first of them: any of them can tell a ticket
/// of another's, and the secret of a lease that another granted. It lies in the pool's records,
/// which appliances alone can read. Who had it could do nothing without a client's certificate.
/// Thread-safe.
final class ManagersKey {
    private static final RecordPath PATH = new RecordPath("allocator", "key");
    private static final String KIND = "managers-key";
    private static final String ALGORITHM = "HmacSHA256";
    private static final int BYTES = 32;

    private final byte[] key;

    private ManagersKey(byte[] key) {
        this.key = key;
    }

    /// @throws TlsException STORE_FAILED
    static ManagersKey readOrCreate(RecordStore store, SecureRandom random) {
        Optional<StoredRecord> present = store.read(PATH);
        if (present.isEmpty()) {
            byte[] fresh = new byte[BYTES];
            random.nextBytes(fresh);
            store.create(PATH, Fields.of(KIND).with("key", fresh).encode());
            present = store.read(PATH);
        }
        byte[] key =
                Fields.decode(
                                KIND,
                                present.orElseThrow(() ->
                                                new TlsException(
                                                        TlsError.STORE_FAILED,
                                                        "the managers' key is not there;"
                                                                + " try again"))
                                        .content())
                        .bytes("key");
        return new ManagersKey(key);
    }

    /// Proves one attempt to grant a lease.
    Secret leaseSecret(UUID lease, UUID attempt) {
        ByteBuffer text = ByteBuffer.allocate(32);
        put(text, lease);
        put(text, attempt);
        try {
            return Secret.read(ByteBuffer.wrap(authentication("lease", text.array())));
        } catch (ProtocolException e) {
            throw new IllegalStateException(e);
        }
    }

    static void put(ByteBuffer out, UUID id) {
        out.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
    }

    /// 32 bytes that only managers can know.
    ///
    /// @param use what the text is
    byte[] authentication(String use, byte[] text) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(key, ALGORITHM));
            mac.update(("bitfusion " + use + "\n").getBytes(StandardCharsets.UTF_8));
            return mac.doFinal(text);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String toString() {
        return "ManagersKey[...]";
    }
}
