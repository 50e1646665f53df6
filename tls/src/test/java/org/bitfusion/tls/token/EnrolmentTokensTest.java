package org.bitfusion.tls.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.RecordStore;
import org.bitfusion.tls.store.StoredRecord;
import org.junit.jupiter.api.Test;

class EnrolmentTokensTest {
    private static final PublicKey KEY = PrivateKeys.generate().getPublic();
    private static final PublicKey OTHER_KEY = PrivateKeys.generate().getPublic();

    private final TestPool pool = new TestPool();
    private final Instant now = pool.now;
    private final EnrolmentTokens tokens = new EnrolmentTokens(pool.store, pool.authority);

    @Test
    void aTokenIsListedAsItWasMade() {
        Token token = tokens.create(TokenRequest.usual("for the render farm"), now);
        assertThat(tokens.list()).containsExactly(token);
        assertThat(token.description()).isEqualTo("for the render farm");
        assertThat(token.expires()).isEqualTo(now.plus(Duration.ofDays(30)));
        assertThat(token.id().value()).hasSize(7);
        assertThat(token.enabled()).isTrue();
    }

    @Test
    void aTokenEnrolsAsManyAsItMay() {
        TokenText text = text(token(OptionalInt.of(2)));
        assertAccepted(text, key());
        assertAccepted(text, key());
        assertThat(consume(text, key())).isInstanceOf(TokenOutcome.UsedUp.class);
    }

    @Test
    void aTokenWithoutALimitEnrolsAnyNumber() {
        TokenText text = text(tokens.create(TokenRequest.usual("any"), now));
        for (int number = 0; number < 40; number++) {
            assertAccepted(text, key());
        }
        Token token = tokens.find(text.id()).orElseThrow();
        assertThat(token.uses()).isEqualTo(40);
        assertThat(token.lately()).hasSize(Token.REMEMBERED);
    }

    /// As somebody does who has got at it.
    @Test
    void aTokenEnrolsAThousandInAnHour() {
        Token token = token(OptionalInt.empty());
        TokenText text = text(token);
        Token.Hour full = new Token.Hour(now, Token.MOST_IN_AN_HOUR - 1);
        assertAccepted(text, key());
        setHour(text, full);
        UUID last = assertAccepted(text, KEY);
        TokenOutcome outcome = consume(text, OTHER_KEY);
        assertThat(outcome).isEqualTo(new TokenOutcome.UsedTooOften(text.id(), full.end()));
        assertThat(((TokenOutcome.UsedTooOften) outcome).message())
                .startsWith("[BF-7408] Token " + token.id() + " has enrolled 1000 within an hour")
                .contains("try again after " + full.end())
                .contains("bitfusion token create");
        assertThat(assertAccepted(text, KEY)).as("its answer was lost").isEqualTo(last);
        assertThat(tokens.find(text.id()).orElseThrow().uses()).isEqualTo(2);
        assertThat(consume(text, OTHER_KEY, full.end())).isInstanceOf(TokenOutcome.Accepted.class);
        assertThat(tokens.find(text.id()).orElseThrow().hour())
                .isEqualTo(new Token.Hour(full.end(), 1));
    }

    @Test
    void aClockThatWasWrongOnceRefusesNobodyLater() {
        TokenText text = text(token(OptionalInt.empty()));
        setHour(text, new Token.Hour(now.plus(Duration.ofDays(365)), Token.MOST_IN_AN_HOUR));
        assertAccepted(text, KEY);
        assertThat(tokens.find(text.id()).orElseThrow().hour()).isEqualTo(new Token.Hour(now, 1));
    }

    private void setHour(TokenText text, Token.Hour hour) {
        StoredRecord stored = pool.store.read(TokenRecord.path(text.id())).orElseThrow();
        TokenRecord record =
                TokenRecord.decode(text.id(), stored.content(), pool.authority.poolKey());
        Token token = record.token();
        Token next =
                new Token(
                        token.id(),
                        token.description(),
                        token.purpose(),
                        token.created(),
                        token.expires(),
                        token.mostUses(),
                        token.uses(),
                        hour,
                        token.enabled(),
                        token.lately());
        assertThat(
                        pool.store.compareAndSet(
                                TokenRecord.path(text.id()),
                                stored.version(),
                                record.with(next).encode(pool.authority.poolKey())))
                .isTrue();
    }

    @Test
    void ofManyThatUseTheLastUseAtOnceOneIsAccepted() throws Exception {
        for (int round = 0; round < 20; round++) {
            TokenText text = text(token(OptionalInt.of(1)));
            CyclicBarrier together = new CyclicBarrier(4);
            List<Callable<TokenOutcome>> users = new ArrayList<>();
            for (int user = 0; user < 4; user++) {
                PublicKey key = key();
                users.add(() -> {
                    together.await();
                    return consume(text, key);
                });
            }
            List<TokenOutcome> outcomes = new ArrayList<>();
            try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
                for (Future<TokenOutcome> outcome : threads.invokeAll(users)) {
                    outcomes.add(outcome.get());
                }
            }
            assertThat(outcomes).filteredOn(TokenOutcome.Accepted.class::isInstance).hasSize(1);
            assertThat(outcomes).filteredOn(TokenOutcome.UsedUp.class::isInstance).hasSize(3);
            assertThat(tokens.find(text.id()).orElseThrow().uses()).isEqualTo(1);
        }
    }

    @Test
    void whoseAnswerWasLostAsksAgainWithTheSameKey() {
        TokenText text = text(token(OptionalInt.of(1)));
        UUID first = assertAccepted(text, KEY);
        assertThat(assertAccepted(text, KEY)).isEqualTo(first);
        assertThat(consume(text, OTHER_KEY)).isInstanceOf(TokenOutcome.UsedUp.class);
        assertThat(tokens.find(text.id()).orElseThrow().uses()).isEqualTo(1);
        assertThat(consume(text, KEY, now.plus(EnrolmentTokens.RETRY)))
                .isInstanceOf(TokenOutcome.UsedUp.class);
    }

    @Test
    void checkingUsesNothing() {
        TokenText text = text(token(OptionalInt.of(1)));
        assertThat(tokens.check(text, TokenPurpose.ENROL_CLIENT, KEY, now))
                .isInstanceOf(TokenOutcome.Accepted.class);
        assertThat(tokens.find(text.id()).orElseThrow().uses()).isZero();
    }

    @Test
    void anotherSecretIsWrongAndSoIsAnotherName() {
        TokenText text = text(token(OptionalInt.empty()));
        TokenText guessed = new TokenText(text.id(), text.pool(), new byte[32]);
        TokenText unknown = new TokenText(new TokenId("aaaaaaa"), text.pool(), text.secret());
        assertThat(consume(guessed, KEY)).isInstanceOf(TokenOutcome.Wrong.class);
        assertThat(consume(unknown, KEY)).isInstanceOf(TokenOutcome.Wrong.class);
    }

    @Test
    void theStateOfATokenIsToldToItsHolderOnly() {
        Token token = token(OptionalInt.empty());
        TokenText guessed = new TokenText(token.id(), pool.authority.pool(), new byte[32]);
        tokens.disable(token.id());
        assertThat(consume(guessed, KEY)).isInstanceOf(TokenOutcome.Wrong.class);
    }

    @Test
    void anExpiredTokenSaysWhen() {
        TokenText text = text(token(OptionalInt.empty()));
        Instant end = now.plus(TokenRequest.USUAL_VALIDITY);
        assertThat(consume(text, KEY, end.minusMillis(1)))
                .isInstanceOf(TokenOutcome.Accepted.class);
        TokenOutcome outcome = consume(text, OTHER_KEY, end);
        assertThat(outcome).isEqualTo(new TokenOutcome.Expired(text.id(), end));
        assertThat(((TokenOutcome.Expired) outcome).message())
                .contains("Token expired at: " + end)
                .contains("bitfusion token create");
        tokens.extend(text.id(), end.plusSeconds(60));
        assertThat(consume(text, OTHER_KEY, end)).isInstanceOf(TokenOutcome.Accepted.class);
    }

    @Test
    void aDisabledTokenCountsAgainOnceEnabled() {
        TokenText text = text(token(OptionalInt.empty()));
        tokens.disable(text.id());
        TokenOutcome outcome = consume(text, KEY);
        assertThat(outcome).isInstanceOf(TokenOutcome.Disabled.class);
        assertThat(((TokenOutcome.Disabled) outcome).message())
                .contains("bitfusion token enable " + text.id());
        tokens.enable(text.id());
        assertAccepted(text, KEY);
    }

    @Test
    void aDeletedTokenIsWrong() {
        TokenText text = text(token(OptionalInt.empty()));
        assertThat(tokens.delete(text.id())).isTrue();
        assertThat(tokens.delete(text.id())).isFalse();
        assertThat(consume(text, KEY)).isInstanceOf(TokenOutcome.Wrong.class);
        assertThat(tokens.enable(text.id())).isEmpty();
        assertThat(tokens.text(text.id())).isEmpty();
    }

    @Test
    void aTokenOfAnotherPoolNamesBoth() {
        TestPool other = new TestPool();
        EnrolmentTokens foreign = new EnrolmentTokens(other.store, other.authority);
        TokenText text =
                foreign.text(foreign.create(TokenRequest.usual("x"), now).id()).orElseThrow();
        TokenOutcome outcome = consume(text, KEY);
        assertThat(outcome).isInstanceOf(TokenOutcome.OtherPool.class);
        assertThat(((TokenOutcome.OtherPool) outcome).message())
                .contains(other.authority.pool().value())
                .contains(pool.authority.pool().value());
    }

    @Test
    void aTokenForClientsJoinsNoAppliance() {
        TokenText text = text(token(OptionalInt.empty()));
        assertThat(tokens.consume(text, TokenPurpose.JOIN_APPLIANCE, KEY, Optional.empty(), now))
                .isEqualTo(new TokenOutcome.OtherPurpose(text.id(), TokenPurpose.ENROL_CLIENT));
    }

    @Test
    void theTextCanBeHadAgainLater() {
        Token token = token(OptionalInt.empty());
        TokenText again =
                new EnrolmentTokens(pool.store, pool.authority).text(token.id()).orElseThrow();
        assertAccepted(TokenText.parse(again.reveal()), KEY);
    }

    @Test
    void theStoreHoldsNoSecret() {
        TokenText text = text(token(OptionalInt.empty()));
        String stored = stored(text.id());
        String shown = text.reveal();
        assertThat(stored)
                .doesNotContain(shown.substring(shown.lastIndexOf('.') + 1))
                .doesNotContain(Base64.getEncoder().encodeToString(text.secret()));
    }

    /// With the store alone nobody makes a token count: neither a spent one nor a new one.
    @Test
    void aRecordAlteredInTheStoreIsNoToken() {
        TokenText text = text(token(OptionalInt.of(1)));
        assertAccepted(text, KEY);
        alter(text.id(), "uses=1\n", "uses=0\n");
        assertThat(consume(text, OTHER_KEY)).isInstanceOf(TokenOutcome.Wrong.class);
        assertThatThrownBy(() -> tokens.find(text.id())).isInstanceOf(TlsException.class);
        assertThat(tokens.list()).isEmpty();
    }

    @Test
    void aRecordCopiedToAnotherNameIsNoToken() {
        TokenText text = text(token(OptionalInt.empty()));
        StoredRecord record = pool.store.read(TokenRecord.path(text.id())).orElseThrow();
        TokenId copy = new TokenId("Copied7");
        pool.store.create(TokenRecord.path(copy), record.content());
        TokenText shown = new TokenText(copy, text.pool(), text.secret());
        assertThat(consume(shown, KEY)).isInstanceOf(TokenOutcome.Wrong.class);
    }

    @Test
    void descriptionsAreOneLine() {
        assertThatThrownBy(() -> TokenRequest.usual("two\nlines")).isInstanceOf(TlsException.class);
        assertThatThrownBy(() -> TokenRequest.usual("x".repeat(201)))
                .isInstanceOf(TlsException.class);
        Token token = token(OptionalInt.empty());
        assertThat(tokens.describe(token.id(), "für das Labor").orElseThrow().description())
                .isEqualTo("für das Labor");
    }

    @Test
    void aTokenIsNotLostWhileItsStoreIsContended() {
        Contended contended = new Contended(pool.store, 3);
        EnrolmentTokens others = new EnrolmentTokens(contended, pool.authority);
        TokenText text = text(token(OptionalInt.of(1)));
        assertThat(others.consume(text, TokenPurpose.ENROL_CLIENT, KEY, Optional.empty(), now))
                .isInstanceOf(TokenOutcome.Accepted.class);
        assertThat(contended.refusals).isZero();
    }

    /// A store in which somebody else is always a little earlier.
    private static final class Contended implements RecordStore {
        private final RecordStore store;
        private int refusals;

        Contended(RecordStore store, int refusals) {
            this.store = store;
            this.refusals = refusals;
        }

        @Override
        public Optional<StoredRecord> read(RecordPath path) {
            return store.read(path);
        }

        @Override
        public boolean create(RecordPath path, byte[] content) {
            return store.create(path, content);
        }

        @Override
        public boolean compareAndSet(RecordPath path, long version, byte[] content) {
            if (refusals > 0) {
                refusals--;
                return false;
            }
            return store.compareAndSet(path, version, content);
        }

        @Override
        public boolean delete(RecordPath path, long version) {
            return store.delete(path, version);
        }

        @Override
        public List<String> list(String folder) {
            return store.list(folder);
        }
    }

    private void alter(TokenId id, String old, String replacement) {
        StoredRecord record = pool.store.read(TokenRecord.path(id)).orElseThrow();
        String altered = stored(id).replace(old, replacement);
        assertThat(altered).isNotEqualTo(stored(id));
        pool.store.compareAndSet(
                TokenRecord.path(id), record.version(), altered.getBytes(StandardCharsets.UTF_8));
    }

    private String stored(TokenId id) {
        return new String(
                pool.store.read(TokenRecord.path(id)).orElseThrow().content(),
                StandardCharsets.UTF_8);
    }

    private Token token(OptionalInt uses) {
        return tokens.create(
                new TokenRequest(
                        "test", TokenPurpose.ENROL_CLIENT, TokenRequest.USUAL_VALIDITY, uses, true),
                now);
    }

    private TokenText text(Token token) {
        return tokens.text(token.id()).orElseThrow();
    }

    private static PublicKey key() {
        return PrivateKeys.generate().getPublic();
    }

    private UUID assertAccepted(TokenText text, PublicKey key) {
        TokenOutcome outcome = consume(text, key);
        assertThat(outcome).isInstanceOf(TokenOutcome.Accepted.class);
        return ((TokenOutcome.Accepted) outcome).peer();
    }

    private TokenOutcome consume(TokenText text, PublicKey key) {
        return consume(text, key, now);
    }

    private TokenOutcome consume(TokenText text, PublicKey key, Instant at) {
        return tokens.consume(text, TokenPurpose.ENROL_CLIENT, key, Optional.empty(), at);
    }
}
