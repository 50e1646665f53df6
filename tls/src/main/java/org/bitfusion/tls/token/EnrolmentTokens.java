package org.bitfusion.tls.token;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.bitfusion.tls.PoolId;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.authority.CertificateAuthority;
import org.bitfusion.tls.authority.PoolKey;
import org.bitfusion.tls.store.RecordStore;
import org.bitfusion.tls.store.StoredRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The pool's enrolment tokens. They are made, changed and consumed where the pool key lies.
/// Thread-safe, also among appliances: a change counts when the store took it.
public final class EnrolmentTokens {
    /// So long an answer that was lost is given again to the same key.
    static final Duration RETRY = Duration.ofMinutes(10);

    /// As many others may have changed the record first.
    private static final int ATTEMPTS = 200;

    private static final Logger LOG = LoggerFactory.getLogger(EnrolmentTokens.class);

    private final RecordStore store;
    private final PoolKey poolKey;
    private final PoolId pool;
    private final SecureRandom random = new SecureRandom();

    public EnrolmentTokens(RecordStore store, CertificateAuthority authority) {
        this.store = store;
        this.poolKey = authority.poolKey();
        this.pool = authority.pool();
    }

    /// Makes a token; [#text] gives it with its secret.
    public Token create(TokenRequest request, Instant now) {
        while (true) {
            TokenId id = TokenId.random(random);
            Token token =
                    new Token(
                            id,
                            request.description(),
                            request.purpose(),
                            now,
                            now.plus(request.validity()),
                            request.mostUses(),
                            0,
                            new Token.Hour(now, 0),
                            request.enabled(),
                            List.of());
            TokenRecord record = TokenRecord.of(token, TokenText.random(id, pool, random), poolKey);
            if (store.create(TokenRecord.path(id), record.encode(poolKey))) {
                LOG.info("created token={} expires={}", id, token.expires());
                return token;
            }
        }
    }

    /// All tokens, the oldest first; a record that was altered is left out and logged.
    public List<Token> list() {
        List<Token> tokens = new ArrayList<>();
        for (String name : store.list(TokenRecord.FOLDER)) {
            try {
                TokenId.parse(name).flatMap(this::find).ifPresent(tokens::add);
            } catch (TlsException exception) {
                LOG.error("token={} error={}", name, exception.getMessage());
            }
        }
        tokens.sort(
                Comparator.comparing(Token::created).thenComparing(token -> token.id().toString()));
        return tokens;
    }

    /// @throws TlsException POOL_KEY_WRONG, RECORD_DAMAGED when the record was altered
    public Optional<Token> find(TokenId id) {
        return read(id).map(record -> record.token());
    }

    /// The token with its secret, for its download.
    public Optional<TokenText> text(TokenId id) {
        return read(id).map(record -> new TokenText(id, pool, record.secret(poolKey)));
    }

    /// @return the token as it is now; empty if there is none of that name
    public Optional<Token> enable(TokenId id) {
        return change(id, token -> token.with(token.description(), token.expires(), true));
    }

    public Optional<Token> disable(TokenId id) {
        return change(id, token -> token.with(token.description(), token.expires(), false));
    }

    public Optional<Token> describe(TokenId id, String description) {
        TokenRequest.requireDescription(description);
        return change(id, token -> token.with(description, token.expires(), token.enabled()));
    }

    public Optional<Token> extend(TokenId id, Instant expires) {
        return change(id, token -> token.with(token.description(), expires, token.enabled()));
    }

    /// @return false if there is none of that name
    public boolean delete(TokenId id) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Optional<StoredRecord> stored = store.read(TokenRecord.path(id));
            if (stored.isEmpty()) {
                return false;
            }
            if (store.delete(TokenRecord.path(id), stored.get().version())) {
                LOG.info("deleted token={}", id);
                return true;
            }
        }
        throw contended(id);
    }

    /// Whether a token would be accepted; it is not consumed.
    public TokenOutcome check(TokenText shown, TokenPurpose purpose, PublicKey key, Instant now) {
        Optional<StoredRecord> stored = store.read(TokenRecord.path(shown.id()));
        return judge(shown, stored, purpose, fingerprint(key), now);
    }

    /// Consumes one use. Of two that ask at once with one use left, one is accepted. Who asks again
    /// with the same key within [#RETRY], because the answer was lost, is accepted again as the
    /// same peer and uses nothing.
    ///
    /// @param key that the certificate will be for, after its holder proved to have the private one
    /// @param peer who it is, where that is known; else it is somebody new
    public TokenOutcome consume(
            TokenText shown,
            TokenPurpose purpose,
            PublicKey key,
            Optional<UUID> peer,
            Instant now) {
        String fingerprint = fingerprint(key);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Optional<StoredRecord> stored = store.read(TokenRecord.path(shown.id()));
            TokenOutcome outcome = judge(shown, stored, purpose, fingerprint, now);
            if (!(outcome instanceof TokenOutcome.Accepted accepted)
                    || isKnown(accepted.token(), fingerprint, now)) {
                return outcome;
            }
            StoredRecord present = stored.orElseThrow();
            UUID id = peer.orElse(accepted.peer());
            TokenRecord record = TokenRecord.decode(shown.id(), present.content(), poolKey);
            Token used = record.token().usedBy(new Token.Use(id, fingerprint, now));
            if (store.compareAndSet(
                    TokenRecord.path(shown.id()),
                    present.version(),
                    record.with(used).encode(poolKey))) {
                return new TokenOutcome.Accepted(used, id);
            }
        }
        throw contended(shown.id());
    }

    private TokenOutcome judge(
            TokenText shown,
            Optional<StoredRecord> stored,
            TokenPurpose purpose,
            String fingerprint,
            Instant now) {
        TokenId id = shown.id();
        if (!shown.pool().equals(pool)) {
            return new TokenOutcome.OtherPool(id, shown.pool(), pool);
        }
        Optional<TokenRecord> record = stored.flatMap(present -> decode(id, present));
        if (record.isEmpty() || !record.get().recognises(shown, poolKey)) {
            return new TokenOutcome.Wrong(id);
        }
        Token token = record.get().token();
        if (token.purpose() != purpose) {
            return new TokenOutcome.OtherPurpose(id, token.purpose());
        }
        if (!token.enabled()) {
            return new TokenOutcome.Disabled(id);
        }
        if (token.isExpired(now)) {
            return new TokenOutcome.Expired(id, token.expires());
        }
        Optional<Token.Use> before = before(token, fingerprint, now);
        if (before.isPresent()) {
            return new TokenOutcome.Accepted(token, before.get().peer());
        }
        if (token.isUsedUp()) {
            return new TokenOutcome.UsedUp(id, token.uses());
        }
        if (token.isUsedTooOften(now)) {
            return new TokenOutcome.UsedTooOften(id, token.hour().end());
        }
        return new TokenOutcome.Accepted(token, UUID.randomUUID());
    }

    private static boolean isKnown(Token token, String fingerprint, Instant now) {
        return before(token, fingerprint, now).isPresent();
    }

    private static Optional<Token.Use> before(Token token, String fingerprint, Instant now) {
        return token.lately().stream()
                .filter(use -> use.key().equals(fingerprint) && now.isBefore(use.at().plus(RETRY)))
                .findFirst();
    }

    private Optional<Token> change(TokenId id, UnaryOperator<Token> change) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Optional<StoredRecord> stored = store.read(TokenRecord.path(id));
            if (stored.isEmpty()) {
                return Optional.empty();
            }
            TokenRecord record = TokenRecord.decode(id, stored.get().content(), poolKey);
            Token next = change.apply(record.token());
            if (store.compareAndSet(
                    TokenRecord.path(id),
                    stored.get().version(),
                    record.with(next).encode(poolKey))) {
                LOG.info(
                        "changed token={} enabled={} expires={}",
                        id,
                        next.enabled(),
                        next.expires());
                return Optional.of(next);
            }
        }
        throw contended(id);
    }

    private Optional<TokenRecord> read(TokenId id) {
        return store.read(TokenRecord.path(id))
                .map(stored -> TokenRecord.decode(id, stored.content(), poolKey));
    }

    /// A record that this pool's key did not sign is no token.
    private Optional<TokenRecord> decode(TokenId id, StoredRecord stored) {
        try {
            return Optional.of(TokenRecord.decode(id, stored.content(), poolKey));
        } catch (TlsException exception) {
            LOG.error("token={} error={}", id, exception.getMessage());
            return Optional.empty();
        }
    }

    private static String fingerprint(PublicKey key) {
        try {
            return Base64.getEncoder()
                    .withoutPadding()
                    .encodeToString(MessageDigest.getInstance("SHA-256").digest(key.getEncoded()));
        } catch (GeneralSecurityException exception) {
            throw new IllegalStateException("this JVM has no SHA-256", exception);
        }
    }

    private static TlsException contended(TokenId id) {
        return new TlsException(
                TlsError.STORE_CONTENDED, "token " + id + " is changed all the time; try again");
    }
}
