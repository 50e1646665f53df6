package org.bitfusion.tls.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.security.interfaces.ECPrivateKey;
import java.util.Arrays;
import java.util.Base64;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.store.Fields;
import org.bitfusion.tls.store.StoredRecord;
import org.junit.jupiter.api.Test;

/// Who has the store, to read or to write, but not the pool key can issue nothing.
class StoreWithoutKeyTest {
    private final TestPool pool = new TestPool();

    @Test
    void noKeyLiesInTheStoreInClear() {
        AuthorityRecord record = record();
        String stored = text();
        for (PrivateKey key :
                new PrivateKey[] {
                    record.rootKey().orElseThrow(),
                    record.appliances().key(),
                    record.clients().key()
                }) {
            byte[] scalar = scalar(key);
            for (String value : stored.lines().toList()) {
                assertThat(contains(decoded(value.substring(value.indexOf('=') + 1)), scalar))
                        .isFalse();
            }
        }
        assertThat(contains(record.clients().key().getEncoded(), scalar(record.clients().key())))
                .as("the search finds what is there")
                .isTrue();
    }

    @Test
    void withoutThePoolKeyTheAuthorityDoesNotOpen() {
        assertThatThrownBy(() ->
                        CertificateAuthority.open(
                                pool.store, PoolKey.generate(), Lifetimes.DEFAULT))
                .isInstanceOf(TlsException.class)
                .hasMessageStartingWith(TlsError.POOL_KEY_WRONG.tag())
                .hasMessageContaining(pool.poolKey.fingerprint())
                .hasMessageContaining("copy the pool key of an appliance that can issue");
    }

    @Test
    void anAuthorityPutInItsPlaceIsNotTaken() {
        TestPool thief = new TestPool();
        StoredRecord theirs = thief.store.read(AuthorityRecord.PLACE).orElseThrow();
        pool.store.compareAndSet(AuthorityRecord.PLACE, 0, theirs.content());
        assertRefused();
    }

    @Test
    void anotherRootInARecordOfThePoolIsNotTaken() {
        TestPool thief = new TestPool();
        byte[] root = Certificates.encode(thief.authority.root());
        String altered =
                text().replaceFirst(
                                "\nroot=[^\n]*",
                                "\nroot=" + Base64.getEncoder().encodeToString(root));
        assertThat(altered).isNotEqualTo(text());
        pool.store.compareAndSet(
                AuthorityRecord.PLACE, 0, altered.getBytes(StandardCharsets.UTF_8));
        assertRefused();
    }

    @Test
    void aSealedKeyThatTookAnothersPlaceIsNotTaken() {
        String appliances = field("appliances-key");
        String altered = text().replace(field("clients-key"), appliances);
        assertThat(altered).isNotEqualTo(text());
        pool.store.compareAndSet(
                AuthorityRecord.PLACE, 0, altered.getBytes(StandardCharsets.UTF_8));
        assertRefused();
        assertThatThrownBy(() ->
                        pool.poolKey.open(
                                "authority clients", Base64.getDecoder().decode(appliances)))
                .as("the signature is not all that holds it")
                .isInstanceOf(TlsException.class);
    }

    private String field(String name) {
        return Fields.decode("authority", text().getBytes(StandardCharsets.UTF_8)).text(name);
    }

    private void assertRefused() {
        assertThatThrownBy(pool.authority::refresh)
                .isInstanceOf(TlsException.class)
                .hasMessageStartingWith(TlsError.POOL_KEY_WRONG.tag());
    }

    private AuthorityRecord record() {
        return AuthorityRecord.decode(
                pool.store.read(AuthorityRecord.PLACE).orElseThrow(), pool.poolKey);
    }

    private String text() {
        return new String(
                pool.store.read(AuthorityRecord.PLACE).orElseThrow().content(),
                StandardCharsets.UTF_8);
    }

    private static byte[] scalar(PrivateKey key) {
        return ((ECPrivateKey) key).getS().toByteArray();
    }

    private static byte[] decoded(String value) {
        try {
            return Base64.getDecoder().decode(value);
        } catch (IllegalArgumentException _) {
            return value.getBytes(StandardCharsets.UTF_8);
        }
    }

    /// Without a leading zero byte, which an encoding may leave out.
    private static boolean contains(byte[] all, byte[] part) {
        int from = part[0] == 0 ? 1 : 0;
        for (int at = 0; at + part.length - from <= all.length; at++) {
            if (Arrays.equals(all, at, at + part.length - from, part, from, part.length)) {
                return true;
            }
        }
        return false;
    }
}
