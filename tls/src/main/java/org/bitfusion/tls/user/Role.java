package org.bitfusion.tls.user;

import java.util.Locale;
import java.util.Optional;

/// What an administrator may do.
public enum Role {
    /// Everything.
    ADMIN,
    /// Look, and change nothing.
    VIEWER;

    /// As commands name it: `viewer`.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<Role> parse(String word) {
        for (Role role : values()) {
            if (role.word().equals(word)) {
                return Optional.of(role);
            }
        }
        return Optional.empty();
    }
}
