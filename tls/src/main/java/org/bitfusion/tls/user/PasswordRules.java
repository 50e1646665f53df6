package org.bitfusion.tls.user;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Which passwords are taken: long ones that are not easily guessed. Kinds of characters are not
/// asked for (NIST SP 800-63B, 5.1.1.2).
final class PasswordRules {
    static final int LEAST = 12;
    static final int MOST = 128;

    /// Parts without which little is left of such a password.
    private static final Set<String> GUESSED =
            Set.of(
                    "password",
                    "passwort",
                    "bitfusion",
                    "qwertz",
                    "qwerty",
                    "123456",
                    "letmein",
                    "administrator",
                    "welcome",
                    "vmware",
                    "abcdef",
                    "changeme");

    private static final int LEAST_DIFFERENT = 5;
    private static final int LEAST_REST = 8;

    private PasswordRules() {}

    /// What is wrong with it, for who chose it.
    static Optional<String> problem(String name, char[] password) {
        if (password.length < LEAST || password.length > MOST) {
            return Optional.of(
                    "the password has "
                            + password.length
                            + " characters (expected: from 12 to 128)");
        }
        String lower = new String(password).toLowerCase(Locale.ROOT);
        if (lower.chars().distinct().count() < LEAST_DIFFERENT) {
            return Optional.of("the password repeats few characters; take several words");
        }
        String rest = lower.replace(name.toLowerCase(Locale.ROOT), "");
        for (String word : GUESSED) {
            rest = rest.replace(word, "");
        }
        if (rest.length() < LEAST_REST && rest.length() < lower.length()) {
            return Optional.of(
                    "the password is little more than a word that is guessed first; take several"
                            + " words");
        }
        return Optional.empty();
    }
}
