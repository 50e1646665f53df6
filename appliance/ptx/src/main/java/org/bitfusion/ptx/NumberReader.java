package org.bitfusion.ptx;

import java.util.Locale;

/// Reads literals: decimal, hexadecimal, octal and binary integers with an optional `U`, `0f` and
/// `0d` bit patterns, decimal fractions. Signs and operators are [ConstantReader]'s.
final class NumberReader {
    private final Lexer lexer;

    NumberReader(Lexer lexer) {
        this.lexer = lexer;
    }

    static boolean startsNumber(char c) {
        return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '~';
    }

    /// An integer literal, where an operator may follow that is none (`%r<8>`).
    long integer() {
        ConstantReader.Value value = literal();
        if (!value.isInteger()) {
            throw lexer.error("expected an integer");
        }
        return value.bits();
    }

    ConstantReader.Value literal() {
        String word = lexer.number();
        String text = word.toLowerCase(Locale.ROOT);
        try {
            if (text.startsWith("0f") && text.length() == 10) {
                return bits(Operand.Immediate.Kind.FLOAT32, Long.parseLong(text, 2, 10, 16));
            }
            if (text.startsWith("0d") && text.length() == 18) {
                return bits(
                        Operand.Immediate.Kind.FLOAT64, Long.parseUnsignedLong(text, 2, 18, 16));
            }
            if (isFraction(text)) {
                return ConstantReader.Value.fraction(Double.parseDouble(text));
            }
            long value = parseInteger(text);
            return text.endsWith("u") || value < 0
                    ? ConstantReader.Value.unsigned(value)
                    : ConstantReader.Value.signed(value);
        } catch (NumberFormatException malformed) {
            throw lexer.error("'" + word + "' is not a number");
        }
    }

    private static ConstantReader.Value bits(Operand.Immediate.Kind kind, long bits) {
        return new ConstantReader.Value(new Operand.Immediate(kind, bits), false);
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
