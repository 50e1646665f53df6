package org.bitfusion.tls.token;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import org.bitfusion.tls.PoolId;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;

/// What a client shows to be enrolled, in `client.yaml` as
///
/// ```
/// CA7WPsj.6b0c9f2e1d3a4857.<48 characters>
/// ```
///
/// the token's name, the pool's, and in base64url 32 secret bytes with 4 bytes of a check sum, so
/// that a text that was cut or mistyped is told from a wrong one.
public final class TokenText {
    private static final int SECRET_LENGTH = 32;
    private static final int CHECK_LENGTH = 4;

    private final TokenId id;
    private final PoolId pool;
    private final byte[] secret;

    TokenText(TokenId id, PoolId pool, byte[] secret) {
        if (secret.length != SECRET_LENGTH) {
            throw new IllegalArgumentException(
                    "secret: " + secret.length + " bytes (expected: 32)");
        }
        this.id = id;
        this.pool = pool;
        this.secret = secret.clone();
    }

    static TokenText random(TokenId id, PoolId pool, SecureRandom random) {
        byte[] secret = new byte[SECRET_LENGTH];
        random.nextBytes(secret);
        return new TokenText(id, pool, secret);
    }

    /// @throws TlsException TOKEN_MALFORMED, which does not repeat the text
    public static TokenText parse(String text) {
        String[] parts = text.strip().split("\\.", -1);
        Optional<TokenId> id = parts.length == 3 ? TokenId.parse(parts[0]) : Optional.empty();
        Optional<PoolId> pool = parts.length == 3 ? PoolId.parse(parts[1]) : Optional.empty();
        if (id.isEmpty() || pool.isEmpty()) {
            throw malformed();
        }
        byte[] all;
        try {
            all = Base64.getUrlDecoder().decode(parts[2]);
        } catch (IllegalArgumentException exception) {
            throw malformed();
        }
        if (all.length != SECRET_LENGTH + CHECK_LENGTH) {
            throw malformed();
        }
        byte[] secret = Arrays.copyOf(all, SECRET_LENGTH);
        TokenText token = new TokenText(id.get(), pool.get(), secret);
        if (!MessageDigest.isEqual(
                token.check(), Arrays.copyOfRange(all, SECRET_LENGTH, all.length))) {
            throw malformed();
        }
        return token;
    }

    public TokenId id() {
        return id;
    }

    public PoolId pool() {
        return pool;
    }

    /// The token with its secret, for the holder's `client.yaml` and for nothing else.
    public String reveal() {
        byte[] all = Arrays.copyOf(secret, SECRET_LENGTH + CHECK_LENGTH);
        System.arraycopy(check(), 0, all, SECRET_LENGTH, CHECK_LENGTH);
        return id + "." + pool + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(all);
    }

    byte[] secret() {
        return secret.clone();
    }

    private byte[] check() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(("token " + id + "." + pool + ".").getBytes(StandardCharsets.US_ASCII));
            return Arrays.copyOf(digest.digest(secret), CHECK_LENGTH);
        } catch (GeneralSecurityException exception) {
            throw new IllegalStateException("this JVM has no SHA-256", exception);
        }
    }

    private static TlsException malformed() {
        return new TlsException(
                TlsError.TOKEN_MALFORMED,
                "the token makes no sense: it was cut or mistyped; copy client.yaml again from the"
                        + " token's download");
    }

    @Override
    public String toString() {
        return "TokenText[" + id + ", pool " + pool + "]";
    }
}
