package org.bitfusion.tls.token;

import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.stream.Collectors;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.authority.PoolKey;
import org.bitfusion.tls.store.Fields;
import org.bitfusion.tls.store.RecordPath;

/// A token as it lies in the store: signed with the pool key, the secret recognised by a code and
/// sealed for a later download (decision 0021).
final class TokenRecord {
    static final String FOLDER = "tokens";

    private static final String KIND = "token";
    private static final String RECOGNITION = "token";

    private final Token token;
    private final byte[] code;
    private final byte[] sealed;

    private TokenRecord(Token token, byte[] code, byte[] sealed) {
        this.token = token;
        this.code = code;
        this.sealed = sealed;
    }

    static TokenRecord of(Token token, TokenText text, PoolKey poolKey) {
        return new TokenRecord(
                token, code(text, poolKey), poolKey.seal(sealPurpose(token.id()), text.secret()));
    }

    Token token() {
        return token;
    }

    TokenRecord with(Token next) {
        return new TokenRecord(next, code, sealed);
    }

    boolean recognises(TokenText text, PoolKey poolKey) {
        return MessageDigest.isEqual(code, code(text, poolKey));
    }

    byte[] secret(PoolKey poolKey) {
        return poolKey.open(sealPurpose(token.id()), sealed);
    }

    static RecordPath path(TokenId id) {
        return new RecordPath(FOLDER, id.value());
    }

    byte[] encode(PoolKey poolKey) {
        Fields fields =
                Fields.of(KIND)
                        .with("description", token.description())
                        .with("purpose", token.purpose().name())
                        .with("created", token.created())
                        .with("expires", token.expires())
                        .with("most-uses", token.mostUses().orElse(0))
                        .with("uses", token.uses())
                        .with("hour", token.hour().since())
                        .with("hour-uses", token.hour().uses())
                        .with("enabled", token.enabled())
                        .with("code", code)
                        .with("sealed", sealed)
                        .with(
                                "lately",
                                token.lately().stream()
                                        .map(use -> use.peer() + " " + use.key() + " " + use.at())
                                        .collect(Collectors.joining("\n")));
        return poolKey.encode(path(token.id()), fields);
    }

    /// @throws TlsException RECORD_DAMAGED, POOL_KEY_WRONG
    static TokenRecord decode(TokenId id, byte[] content, PoolKey poolKey) {
        Fields fields = poolKey.decode(path(id), KIND, content);
        int mostUses = (int) fields.number("most-uses");
        Token token =
                new Token(
                        id,
                        fields.text("description"),
                        purpose(fields.text("purpose")),
                        fields.instant("created"),
                        fields.instant("expires"),
                        mostUses == 0 ? OptionalInt.empty() : OptionalInt.of(mostUses),
                        (int) fields.number("uses"),
                        hour(fields),
                        fields.flag("enabled"),
                        uses(fields.text("lately")));
        return new TokenRecord(token, fields.bytes("code"), fields.bytes("sealed"));
    }

    /// A release before did not count them.
    private static Token.Hour hour(Fields fields) {
        return fields.find("hour").isPresent()
                ? new Token.Hour(fields.instant("hour"), (int) fields.number("hour-uses"))
                : new Token.Hour(fields.instant("created"), 0);
    }

    private static List<Token.Use> uses(String text) {
        List<Token.Use> uses = new ArrayList<>();
        for (String line : text.lines().toList()) {
            List<String> parts = List.of(line.split(" ", -1));
            try {
                uses.add(
                        new Token.Use(
                                UUID.fromString(parts.get(0)),
                                parts.get(1),
                                Instant.parse(parts.get(2))));
            } catch (IllegalArgumentException
                    | IndexOutOfBoundsException
                    | DateTimeException exception) {
                throw damaged();
            }
        }
        return uses;
    }

    private static TokenPurpose purpose(String name) {
        try {
            return TokenPurpose.valueOf(name);
        } catch (IllegalArgumentException exception) {
            throw damaged();
        }
    }

    private static byte[] code(TokenText text, PoolKey poolKey) {
        return poolKey.recognition(RECOGNITION, text.secret());
    }

    private static String sealPurpose(TokenId id) {
        return "token " + id;
    }

    private static TlsException damaged() {
        return new TlsException(TlsError.RECORD_DAMAGED, "a token's record makes no sense");
    }

    @Override
    public String toString() {
        return "TokenRecord[" + token.id() + "]";
    }
}
