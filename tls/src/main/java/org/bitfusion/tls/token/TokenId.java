package org.bitfusion.tls.token;

import java.security.SecureRandom;
import java.util.Optional;
import java.util.regex.Pattern;

/// A token's name, 7 letters and digits: `CA7WPsj`. It is no secret.
public record TokenId(String value) {
    /// Without those that look alike: 0 and O, 1, I and l.
    private static final String ALPHABET =
            "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    private static final int LENGTH = 7;
    private static final Pattern FORM = Pattern.compile("[0-9A-Za-z]{" + LENGTH + "}");

    public TokenId {
        if (!FORM.matcher(value).matches()) {
            throw new IllegalArgumentException(
                    "value: " + value + " (expected: 7 letters and digits)");
        }
    }

    public static TokenId random(SecureRandom random) {
        StringBuilder value = new StringBuilder(LENGTH);
        for (int at = 0; at < LENGTH; at++) {
            value.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return new TokenId(value.toString());
    }

    public static Optional<TokenId> parse(String text) {
        return FORM.matcher(text).matches() ? Optional.of(new TokenId(text)) : Optional.empty();
    }

    @Override
    public String toString() {
        return value;
    }
}
