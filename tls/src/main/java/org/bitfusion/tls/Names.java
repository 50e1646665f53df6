package org.bitfusion.tls;

import java.util.regex.Pattern;

/// What people may call clients, appliances and users in certificates and records.
public final class Names {
    /// X.520: a common name has 64 characters at most.
    private static final Pattern HOST =
            Pattern.compile("[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?");

    private Names() {}

    /// 1 to 64 letters, digits, dots, dashes and underscores; first and last a letter or digit.
    public static boolean isHostName(String name) {
        return HOST.matcher(name).matches();
    }

    /// @throws TlsException NAME_UNACCEPTABLE
    public static String requireHostName(String what, String name) {
        if (!isHostName(name)) {
            throw new TlsException(
                    TlsError.NAME_UNACCEPTABLE,
                    what
                            + ": \""
                            + shown(name)
                            + "\" (expected: 1 to 64 letters, digits, '.', '-' and '_', first and"
                            + " last a letter or digit)");
        }
        return name;
    }

    /// A stranger's text, safe to print: control characters replaced, at most 80 characters.
    public static String shown(String text) {
        String cut = text.length() > 80 ? text.substring(0, 80) + "..." : text;
        return cut.replaceAll("[^\\x20-\\x7e]", "?");
    }
}
