package org.bitfusion.scheduler.request;

/// A user's text inside a message: short, and without control characters.
final class Quoted {
    private static final int LENGTH_LIMIT = 80;

    private Quoted() {}

    static String text(String text) {
        StringBuilder shown = new StringBuilder("\"");
        int length = Math.min(text.length(), LENGTH_LIMIT);
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            shown.append(Character.isISOControl(c) || Character.isSurrogate(c) ? '?' : c);
        }
        return shown.append(length < text.length() ? "…\"" : "\"").toString();
    }
}
