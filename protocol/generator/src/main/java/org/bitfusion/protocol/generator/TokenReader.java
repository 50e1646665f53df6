package org.bitfusion.protocol.generator;

import java.util.List;

/// A walk over tokens with the checks that every parser needs.
final class TokenReader {
    private final List<Token> tokens;
    private int next;

    TokenReader(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token peek() {
        return tokens.get(next);
    }

    Token peekAfter() {
        return tokens.get(Math.min(next + 1, tokens.size() - 1));
    }

    Position position() {
        return peek().position();
    }

    boolean atEnd() {
        return peek().kind() == Token.Kind.END;
    }

    Token take() {
        Token token = peek();
        if (token.kind() != Token.Kind.END) {
            next++;
        }
        return token;
    }

    boolean takeIf(String expected) {
        if (peek().is(expected)) {
            next++;
            return true;
        }
        return false;
    }

    void expect(String expected) {
        if (!takeIf(expected)) {
            throw unexpected("'" + expected + "'");
        }
    }

    String word(String what) {
        if (peek().kind() != Token.Kind.WORD) {
            throw unexpected(what);
        }
        return take().text();
    }

    long number(String what) {
        if (peek().kind() != Token.Kind.NUMBER) {
            throw unexpected(what);
        }
        Token token = take();
        try {
            return Long.decode(token.text());
        } catch (NumberFormatException e) {
            throw new SpecificationException(
                    token.position(), "'" + token.text() + "' is not a number");
        }
    }

    SpecificationException unexpected(String expected) {
        return new SpecificationException(
                position(), "found " + peek().described() + " (expected: " + expected + ")");
    }
}
