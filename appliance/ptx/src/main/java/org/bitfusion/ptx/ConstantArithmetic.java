package org.bitfusion.ptx;

import org.bitfusion.ptx.ConstantReader.Value;

/// The operators of constant expressions (PTX ISA, table "Constant Expression Evaluation Rules").
final class ConstantArithmetic {
    private ConstantArithmetic() {}

    /// How strongly a binary operator binds, as in C; 0: no binary operator.
    static int precedence(String operator) {
        return switch (operator) {
            case "||" -> 1;
            case "&&" -> 2;
            case "|" -> 3;
            case "^" -> 4;
            case "&" -> 5;
            case "==", "!=" -> 6;
            case "<", ">", "<=", ">=" -> 7;
            case "<<", ">>" -> 8;
            case "+", "-" -> 9;
            case "*", "/", "%" -> 10;
            default -> 0;
        };
    }

    static Value apply(Lexer lexer, String operator, Value left, Value right) {
        if (!left.isInteger() || !right.isInteger()) {
            return fractions(lexer, operator, left.number(), right.number());
        }
        long a = left.bits();
        long b = right.bits();
        return switch (operator) {
            case "||" -> Value.truth(a != 0 || b != 0);
            case "&&" -> Value.truth(a != 0 && b != 0);
            case "|" -> Value.unsigned(a | b);
            case "^" -> Value.unsigned(a ^ b);
            case "&" -> Value.unsigned(a & b);
            case "<<" -> like(left, b >= 0 && b < 64 ? a << b : 0);
            case ">>" -> like(left, shiftedRight(a, b, left.unsigned()));
            default ->
                    left.unsigned() || right.unsigned()
                            ? unsigned(lexer, operator, a, b)
                            : signed(lexer, operator, a, b);
        };
    }

    private static Value like(Value model, long bits) {
        return model.unsigned() ? Value.unsigned(bits) : Value.signed(bits);
    }

    private static long shiftedRight(long a, long b, boolean unsigned) {
        int count = b < 0 || b > 63 ? 63 : (int) b;
        if (!unsigned) {
            return a >> count;
        }
        return b == count ? a >>> count : 0;
    }

    private static Value signed(Lexer lexer, String operator, long a, long b) {
        return switch (operator) {
            case "+" -> Value.signed(a + b);
            case "-" -> Value.signed(a - b);
            case "*" -> Value.signed(a * b);
            case "/" -> Value.signed(a / nonZero(lexer, b));
            case "%" -> Value.signed(a % nonZero(lexer, b));
            default -> Value.truth(holds(operator, Long.compare(a, b)));
        };
    }

    private static Value unsigned(Lexer lexer, String operator, long a, long b) {
        return switch (operator) {
            case "+" -> Value.unsigned(a + b);
            case "-" -> Value.unsigned(a - b);
            case "*" -> Value.unsigned(a * b);
            case "/" -> Value.unsigned(Long.divideUnsigned(a, nonZero(lexer, b)));
            case "%" -> Value.unsigned(Long.remainderUnsigned(a, nonZero(lexer, b)));
            default -> Value.truth(holds(operator, Long.compareUnsigned(a, b)));
        };
    }

    private static long nonZero(Lexer lexer, long divisor) {
        if (divisor == 0) {
            throw lexer.error("a constant expression divides by zero");
        }
        return divisor;
    }

    private static boolean holds(String operator, int order) {
        return switch (operator) {
            case "==" -> order == 0;
            case "!=" -> order != 0;
            case "<" -> order < 0;
            case ">" -> order > 0;
            case "<=" -> order <= 0;
            default -> order >= 0;
        };
    }

    private static Value fractions(Lexer lexer, String operator, double a, double b) {
        return switch (operator) {
            case "+" -> Value.fraction(a + b);
            case "-" -> Value.fraction(a - b);
            case "*" -> Value.fraction(a * b);
            case "/" -> Value.fraction(a / b);
            case "==" -> Value.truth(a == b);
            case "!=" -> Value.truth(a != b);
            case "<" -> Value.truth(a < b);
            case ">" -> Value.truth(a > b);
            case "<=" -> Value.truth(a <= b);
            case ">=" -> Value.truth(a >= b);
            default -> throw lexer.error("'" + operator + "' of a fraction");
        };
    }

    static Value negated(Value value) {
        return switch (value.immediate().kind()) {
            case INTEGER -> like(value, -value.bits());
            case FLOAT32 -> sign(value, 0x8000_0000L);
            case FLOAT64 -> sign(value, Long.MIN_VALUE);
        };
    }

    private static Value sign(Value value, long bit) {
        return new Value(
                new Operand.Immediate(value.immediate().kind(), value.bits() ^ bit), false);
    }

    static double unsignedToDouble(long bits) {
        if (bits >= 0) {
            return bits;
        }
        // Halved with its lost bit kept, so that the doubling rounds once.
        return (double) ((bits >>> 1) | (bits & 1)) * 2;
    }
}
