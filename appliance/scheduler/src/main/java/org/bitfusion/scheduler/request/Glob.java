package org.bitfusion.scheduler.request;

/// Patterns in which `*` stands for any text and `?` for any one character; letters match in either
/// case.
final class Glob {
    private Glob() {}

    /// In time proportional to the product of the lengths, whatever the pattern.
    static boolean matches(String pattern, String text) {
        int at = 0;
        int afterStar = -1;
        int textAtStar = 0;
        int i = 0;
        while (i < text.length()) {
            if (at < pattern.length() && pattern.charAt(at) == '*') {
                at++;
                afterStar = at;
                textAtStar = i;
            } else if (at < pattern.length() && isSame(pattern.charAt(at), text.charAt(i))) {
                at++;
                i++;
            } else if (afterStar >= 0) {
                at = afterStar;
                textAtStar++;
                i = textAtStar;
            } else {
                return false;
            }
        }
        while (at < pattern.length() && pattern.charAt(at) == '*') {
            at++;
        }
        return at == pattern.length();
    }

    private static boolean isSame(char pattern, char text) {
        return pattern == '?'
                || pattern == text
                || Character.toLowerCase(pattern) == Character.toLowerCase(text);
    }
}
