package org.bitfusion.tls.user;

import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/// A password as it is kept: Argon2id (RFC 9106) with 64 MiB, 3 passes, 1 lane, as text in the form
/// that the reference implementation writes: `$argon2id$v=19$m=65536,t=3,p=1$SALT$HASH`. Immutable.
final class PasswordHash {
    /// RFC 9106, 4: the second recommended choice, with one lane since the work is one thread's.
    static final Cost COST = new Cost(65_536, 3, 1);

    private static final int SALT_LENGTH = 16;
    private static final int HASH_LENGTH = 32;
    private static final Pattern FORM =
            Pattern.compile(
                    "\\$argon2id\\$v=19\\$m=([0-9]{1,7}),t=([0-9]{1,2}),p=([0-9]{1,2})"
                            + "\\$([A-Za-z0-9+/]{11,86})\\$([A-Za-z0-9+/]{22,86})");

    /// @param memoryKiB at most 1 GiB: a record that asks for more is there to do harm
    record Cost(int memoryKiB, int passes, int lanes) {
        Cost {
            if (memoryKiB < 8 * lanes || memoryKiB > 1 << 20 || passes < 1 || lanes < 1) {
                throw new TlsException(
                        TlsError.USER_RECORD_DAMAGED, "a password hash has costs out of range");
            }
        }
    }

    private final Cost cost;
    private final byte[] salt;
    private final byte[] hash;

    private PasswordHash(Cost cost, byte[] salt, byte[] hash) {
        this.cost = cost;
        this.salt = salt;
        this.hash = hash;
    }

    /// What no password matches: as costly to try as the hash of one.
    static PasswordHash ofNobody(Cost cost) {
        byte[] salt = new byte[SALT_LENGTH];
        byte[] hash = new byte[HASH_LENGTH];
        SecureRandom random = new SecureRandom();
        random.nextBytes(salt);
        random.nextBytes(hash);
        return new PasswordHash(cost, salt, hash);
    }

    static PasswordHash of(char[] password, Cost cost) {
        byte[] salt = new byte[SALT_LENGTH];
        new SecureRandom().nextBytes(salt);
        byte[] bytes = bytes(password);
        try {
            return new PasswordHash(
                    cost, salt, argon2id(bytes, salt, cost, HASH_LENGTH, Optional.empty()));
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /// Takes as long for a wrong password as for the right one.
    boolean matches(char[] password) {
        byte[] bytes = bytes(password);
        try {
            return MessageDigest.isEqual(
                    hash, argon2id(bytes, salt, cost, hash.length, Optional.empty()));
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    String text() {
        Base64.Encoder base64 = Base64.getEncoder().withoutPadding();
        return "$argon2id$v=19$m="
                + cost.memoryKiB()
                + ",t="
                + cost.passes()
                + ",p="
                + cost.lanes()
                + "$"
                + base64.encodeToString(salt)
                + "$"
                + base64.encodeToString(hash);
    }

    /// @throws TlsException USER_RECORD_DAMAGED
    static PasswordHash parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new TlsException(TlsError.USER_RECORD_DAMAGED, "a password hash makes no sense");
        }
        try {
            return new PasswordHash(
                    new Cost(
                            Integer.parseInt(matcher.group(1)),
                            Integer.parseInt(matcher.group(2)),
                            Integer.parseInt(matcher.group(3))),
                    Base64.getDecoder().decode(matcher.group(4)),
                    Base64.getDecoder().decode(matcher.group(5)));
        } catch (IllegalArgumentException exception) {
            throw new TlsException(
                    TlsError.USER_RECORD_DAMAGED, "a password hash makes no sense", exception);
        }
    }

    /// @param keyed secret and associated data, which only the RFC's test vector has
    static byte[] argon2id(
            byte[] password, byte[] salt, Cost cost, int length, Optional<Keyed> keyed) {
        Argon2Parameters.Builder parameters =
                new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
                        .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                        .withMemoryAsKB(cost.memoryKiB())
                        .withIterations(cost.passes())
                        .withParallelism(cost.lanes())
                        .withSalt(salt);
        keyed.ifPresent(with -> parameters.withSecret(with.secret()).withAdditional(with.data()));
        Argon2BytesGenerator generator = new Argon2BytesGenerator();
        generator.init(parameters.build());
        byte[] hash = new byte[length];
        generator.generateBytes(password, hash);
        return hash;
    }

    /// Inputs that passwords here do not have.
    interface Keyed {
        byte[] secret();

        byte[] data();
    }

    /// UTF-8 of the normal form, so that a keyboard's way to write an umlaut does not matter.
    private static byte[] bytes(char[] password) {
        String normal = Normalizer.normalize(CharBuffer.wrap(password), Normalizer.Form.NFC);
        return normal.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return "PasswordHash[" + cost + "]";
    }
}
