package org.bitfusion.protocol.generator;

import java.util.ArrayList;
import java.util.List;

/// Cuts a file of the specification into tokens; comments start with '#' and end with their line.
final class Lexer {
    private static final String SIGNS = "{}()[]:;,=*<>";

    private final String file;
    private final String text;
    private int at;
    private int line = 1;

    private Lexer(String file, String text) {
        this.file = file;
        this.text = text;
    }

    /// @return the tokens, the last of them of kind END
    static List<Token> tokens(String file, String text) {
        Lexer lexer = new Lexer(file, text);
        List<Token> tokens = new ArrayList<>();
        Token token;
        do {
            token = lexer.next();
            tokens.add(token);
        } while (token.kind() != Token.Kind.END);
        return tokens;
    }

    private Token next() {
        skipBlanks();
        if (at == text.length()) {
            return token(Token.Kind.END, "");
        }
        char first = text.charAt(at);
        if (first == '"') {
            return quoted();
        }
        if (isWordStart(first)) {
            return taken(Token.Kind.WORD, wordEnd());
        }
        if (Character.isDigit(first) || (first == '-' && Character.isDigit(charAfter(at)))) {
            return taken(Token.Kind.NUMBER, numberEnd());
        }
        if (SIGNS.indexOf(first) >= 0) {
            return taken(Token.Kind.SIGN, at + 1);
        }
        throw new SpecificationException(position(), "unexpected character '" + first + "'");
    }

    private void skipBlanks() {
        while (at < text.length()) {
            char current = text.charAt(at);
            if (current == '#') {
                int end = text.indexOf('\n', at);
                at = end < 0 ? text.length() : end;
            } else if (Character.isWhitespace(current)) {
                line += current == '\n' ? 1 : 0;
                at++;
            } else {
                return;
            }
        }
    }

    private Token quoted() {
        int end = text.indexOf('"', at + 1);
        int lineEnd = text.indexOf('\n', at);
        if (end < 0 || (lineEnd >= 0 && lineEnd < end)) {
            throw new SpecificationException(position(), "a text without closing quote");
        }
        Token token = token(Token.Kind.TEXT, text.substring(at + 1, end));
        at = end + 1;
        return token;
    }

    /// Words may hold '.' (message names) and '-' between letters ("per-thread").
    private int wordEnd() {
        int end = at + 1;
        while (end < text.length()
                && (Character.isLetterOrDigit(text.charAt(end))
                        || text.charAt(end) == '_'
                        || ((text.charAt(end) == '.' || text.charAt(end) == '-')
                                && Character.isLetter(charAfter(end))))) {
            end++;
        }
        return end;
    }

    private int numberEnd() {
        int end = at + 1;
        while (end < text.length() && Character.isLetterOrDigit(text.charAt(end))) {
            end++;
        }
        return end;
    }

    private Token taken(Token.Kind kind, int end) {
        Token token = token(kind, text.substring(at, end));
        at = end;
        return token;
    }

    private char charAfter(int index) {
        return index + 1 < text.length() ? text.charAt(index + 1) : '\0';
    }

    private static boolean isWordStart(char c) {
        return Character.isLetter(c) || c == '_';
    }

    private Token token(Token.Kind kind, String value) {
        return new Token(kind, value, position());
    }

    private Position position() {
        return new Position(file, line);
    }
}
