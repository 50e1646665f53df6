package org.bitfusion.protocol.generator;

/// One word of the specification. A TEXT token holds the text without its quotes.
record Token(Kind kind, String text, Position position) {
    enum Kind {
        WORD,
        NUMBER,
        TEXT,
        SIGN,
        END
    }

    boolean is(String expected) {
        return text.equals(expected) && kind != Kind.TEXT;
    }

    String described() {
        return kind == Kind.END ? "the end of the file" : "'" + text + "'";
    }
}
