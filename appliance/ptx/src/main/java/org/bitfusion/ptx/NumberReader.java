package org.bitfusion.ptx;

import java.util.Locale;

/// Reads constants: decimal, hexadecimal, octal and binary integers with an optional `U`, `0f` and
/// `0d` bit patterns, decimal fractions, each with signs and complements before it.
final class NumberReader {
    private static final int MAXIMUM_SIGNS = 16;

    private final Lexer lexer;

    NumberReader(Lexer lexer) {
        this.lexer = lexer;
    }

    static boolean startsNumber(char c) {
        return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '~';
    }

    /// An integer constant.
    long integer() {
        Operand.Immediate value = read();
        if (value.kind() != Operand.Immediate.Kind.INTEGER) {
            throw lexer.error("expected an integer");
        }
        return value.bits();
    }

    Operand.Immediate read() {
        return read(0);
    }

    /// The operator next to the number acts first.
    private Operand.Immediate read(int depth) {
        if (lexer.accept('+')) {
            return operand(depth);
        }
        if (lexer.accept('-')) {
            return negated(operand(depth));
        }
        if (lexer.accept('~')) {
            Operand.Immediate value = operand(depth);
            if (value.kind() != Operand.Immediate.Kind.INTEGER) {
                throw lexer.error("the complement of a fraction");
            }
            return new Operand.Immediate(value.kind(), ~value.bits());
        }
        return parse(lexer.number());
    }

    private Operand.Immediate operand(int depth) {
        if (depth == MAXIMUM_SIGNS) {
            throw lexer.error("too many signs before a number");
        }
        return read(depth + 1);
    }

    private static Operand.Immediate negated(Operand.Immediate value) {
        long bits =
                switch (value.kind()) {
                    case INTEGER -> -value.bits();
                    case FLOAT32 -> value.bits() ^ 0x8000_0000L;
                    case FLOAT64 -> value.bits() ^ Long.MIN_VALUE;
                };
        return new Operand.Immediate(value.kind(), bits);
    }

    private Operand.Immediate parse(String word) {
        String text = word.toLowerCase(Locale.ROOT);
        try {
            if (text.startsWith("0f") && text.length() == 10) {
                return new Operand.Immediate(
                        Operand.Immediate.Kind.FLOAT32, Long.parseLong(text, 2, 10, 16));
            }
            if (text.startsWith("0d") && text.length() == 18) {
                return new Operand.Immediate(
                        Operand.Immediate.Kind.FLOAT64, Long.parseUnsignedLong(text, 2, 18, 16));
            }
            if (isFraction(text)) {
                double value = Double.parseDouble(text);
                return new Operand.Immediate(
                        Operand.Immediate.Kind.FLOAT64, Double.doubleToRawLongBits(value));
            }
            return new Operand.Immediate(Operand.Immediate.Kind.INTEGER, parseInteger(text));
        } catch (NumberFormatException malformed) {
            throw lexer.error("'" + word + "' is not a number");
        }
    }

    private static boolean isFraction(String text) {
        return !text.startsWith("0x") && (text.indexOf('.') >= 0 || text.indexOf('e') >= 0);
    }

    private static long parseInteger(String text) {
        String digits = text.endsWith("u") ? text.substring(0, text.length() - 1) : text;
        if (digits.startsWith("0x")) {
            return Long.parseUnsignedLong(digits.substring(2), 16);
        }
        if (digits.startsWith("0b")) {
            return Long.parseUnsignedLong(digits.substring(2), 2);
        }
        if (digits.length() > 1 && digits.startsWith("0")) {
            return Long.parseUnsignedLong(digits, 8);
        }
        return Long.parseUnsignedLong(digits, 10);
    }
}
