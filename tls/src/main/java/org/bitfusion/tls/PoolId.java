package org.bitfusion.tls;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/// Tells pools apart in messages: 16 hexadecimal digits, made with the pool's authority. It proves
/// nothing; the root certificate does.
public record PoolId(String value) {
    private static final Pattern FORM = Pattern.compile("[0-9a-f]{16}");

    public PoolId {
        if (!FORM.matcher(value).matches()) {
            throw new IllegalArgumentException("value: " + value + " (expected: 16 hex digits)");
        }
    }

    public static PoolId random(SecureRandom random) {
        byte[] bytes = new byte[8];
        random.nextBytes(bytes);
        return new PoolId(HexFormat.of().formatHex(bytes));
    }

    public static Optional<PoolId> parse(String text) {
        return FORM.matcher(text).matches() ? Optional.of(new PoolId(text)) : Optional.empty();
    }

    @Override
    public String toString() {
        return value;
    }
}
