package org.bitfusion.ptx;

/// A cursor over PTX text. The parsers ask it for what they expect next; it skips white space and
/// comments and counts lines on the way.
final class Lexer {
    private final String text;
    private final int end;
    private int position;
    private int line;

    Lexer(String text, int start, int end, int line) {
        this.text = text;
        this.position = start;
        this.end = end;
        this.line = line;
    }

    int position() {
        return position;
    }

    int line() {
        return line;
    }

    PtxException error(String message) {
        return new PtxException(line, message);
    }

    /// The next significant character without consuming it, or 0 at the end.
    char peek() {
        skipSpace();
        return position < end ? text.charAt(position) : 0;
    }

    boolean atEnd() {
        return peek() == 0 && position >= end;
    }

    /// Consumes `expected` if it is next.
    boolean accept(char expected) {
        if (peek() == expected && position < end) {
            position++;
            return true;
        }
        return false;
    }

    /// Consumes `expected` if it is next and a name follows at once.
    boolean acceptBeforeName(char expected) {
        if (peek() != expected || position + 1 >= end) {
            return false;
        }
        char next = text.charAt(position + 1);
        if (!isNamePart(next) || (next >= '0' && next <= '9')) {
            return false;
        }
        position++;
        return true;
    }

    void expect(char expected) {
        if (!accept(expected)) {
            throw error("expected '" + expected + "' before '" + excerpt() + "'");
        }
    }

    /// True when the next characters are `word` and the word ends there.
    boolean acceptWord(String word) {
        skipSpace();
        int after = position + word.length();
        if (after <= end
                && text.startsWith(word, position)
                && (after == end || !isWordPart(text.charAt(after)))) {
            position = after;
            return true;
        }
        return false;
    }

    /// Letters, digits, `_`, `$`, `%`: the name of something. `.` joins a dimension to a special
    /// register's name.
    String name() {
        skipSpace();
        int start = position;
        boolean special = start < end && text.charAt(start) == '%';
        while (position < end
                && (isNamePart(text.charAt(position))
                        || (special && text.charAt(position) == '.' && position > start))) {
            position++;
        }
        if (position == start) {
            throw error("expected a name before '" + excerpt() + "'");
        }
        return text.substring(start, position);
    }

    /// A directive or opcode with all its dotted parts (`.global`, `ld.shared::cta.v4.f32`). Empty
    /// at something else.
    String word() {
        skipSpace();
        int start = position;
        while (position < end && isWordPart(text.charAt(position))) {
            position++;
        }
        if (position > start && text.charAt(position - 1) == ':') {
            position--;
        }
        return text.substring(start, position);
    }

    /// One dotted part: `.align` of `.align 8`; empty when the next character is no dot.
    String dotted() {
        if (peek() != '.') {
            return "";
        }
        int start = position++;
        while (position < end
                && (isNamePart(text.charAt(position))
                        || (text.startsWith("::", position) && position++ >= 0))) {
            position++;
        }
        return text.substring(start + 1, Math.min(position, end));
    }

    /// The label that starts here, or null. A label is a name followed by one colon.
    @org.jspecify.annotations.Nullable
    String label() {
        skipSpace();
        int start = position;
        int startLine = line;
        while (position < end && isNamePart(text.charAt(position))) {
            position++;
        }
        int nameEnd = position;
        if (nameEnd > start && peek() == ':' && !text.startsWith("::", position)) {
            position++;
            return text.substring(start, nameEnd);
        }
        position = start;
        line = startLine;
        return null;
    }

    /// The raw text of a number: digits and letters, dots and exponent signs.
    String number() {
        skipSpace();
        int start = position;
        while (position < end) {
            char c = text.charAt(position);
            boolean exponentSign =
                    (c == '-' || c == '+')
                            && position > start
                            && (text.charAt(position - 1) == 'e'
                                    || text.charAt(position - 1) == 'E')
                            && isDecimalFraction(start);
            if (!isNamePart(c) && c != '.' && !exponentSign) {
                break;
            }
            position++;
        }
        return text.substring(start, position);
    }

    private boolean isDecimalFraction(int start) {
        for (int at = start; at < position - 1; at++) {
            char c = text.charAt(at);
            if ((c < '0' || c > '9') && c != '.') {
                return false;
            }
        }
        return true;
    }

    /// The operator of a constant expression that comes next, not consumed; empty if there is none.
    String operator() {
        char first = peek();
        if ("<>=!&|".indexOf(first) >= 0 && position + 1 < end) {
            String two = text.substring(position, position + 2);
            switch (two) {
                case "<<", ">>", "<=", ">=", "==", "!=", "&&", "||" -> {
                    return two;
                }
                default -> {}
            }
        }
        return "+-*/%<>&^|".indexOf(first) >= 0 && first != 0 ? String.valueOf(first) : "";
    }

    /// Moves over characters that [#operator] has shown.
    void skip(int characters) {
        position += characters;
    }

    void skipLine() {
        while (position < end && text.charAt(position) != '\n') {
            position++;
        }
    }

    /// Moves behind the next `;`.
    void skipStatement() {
        while (!atEnd()) {
            char c = text.charAt(position++);
            if (c == ';') {
                return;
            }
            if (c == '"') {
                skipString();
            }
        }
        throw error("expected ';' before the end");
    }

    /// With the opening brace just consumed, moves behind its closing brace.
    void skipBlock() {
        int depth = 1;
        while (!atEnd()) {
            char c = text.charAt(position++);
            if (c == '{') {
                depth++;
            } else if (c == '}' && --depth == 0) {
                return;
            } else if (c == '"') {
                skipString();
            }
        }
        throw error("expected '}' before the end");
    }

    /// Moves behind the string that must be next.
    void string() {
        expect('"');
        skipString();
    }

    private void skipString() {
        while (position < end) {
            char c = text.charAt(position++);
            if (c == '\n') {
                line++;
            } else if (c == '\\') {
                position++;
            } else if (c == '"') {
                return;
            }
        }
        position = end;
        throw error("a string does not end");
    }

    private void skipSpace() {
        while (position < end) {
            char c = text.charAt(position);
            if (c == '\n') {
                line++;
                position++;
            } else if (c <= ' ') {
                if (c == 0) {
                    position = end;
                    return;
                }
                position++;
            } else if (c != '/' || !skipComment()) {
                return;
            }
        }
    }

    /// Moves behind the comment that starts here; false when the slash starts none.
    private boolean skipComment() {
        if (text.startsWith("//", position) && position + 1 < end) {
            skipLine();
            return true;
        }
        if (!text.startsWith("/*", position) || position + 1 >= end) {
            return false;
        }
        position += 2;
        while (position < end) {
            char c = text.charAt(position++);
            if (c == '\n') {
                line++;
            } else if (c == '*' && position < end && text.charAt(position) == '/') {
                position++;
                return true;
            }
        }
        throw error("a comment does not end");
    }

    private String excerpt() {
        skipSpace();
        int stop = position;
        while (stop < end && stop - position < 20 && text.charAt(stop) != '\n') {
            stop++;
        }
        return text.substring(Math.min(position, stop), stop);
    }

    private static boolean isNamePart(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '_'
                || c == '$'
                || c == '%';
    }

    private static boolean isWordPart(char c) {
        return isNamePart(c) || c == '.' || c == ':';
    }
}
