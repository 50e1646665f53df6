package org.bitfusion.ptx;

/// Reads constant expressions (PTX ISA, "Constant Expressions"): literals with the operators of C
/// and its precedence, casts `(.s64)` and `(.u64)`. Integers are 64 bits wide, signed unless
/// written with `U`, cast, or too large for it; fractions are doubles.
final class ConstantReader {
    private static final int MAXIMUM_DEPTH = 64;
    private static final int TERNARY = 0;
    private static final int LOWEST = 1;

    private final Lexer lexer;
    private final NumberReader numbers;
    private int depth;

    ConstantReader(Lexer lexer) {
        this.lexer = lexer;
        numbers = new NumberReader(lexer);
    }

    /// A constant of an expression.
    ///
    /// @param unsigned meaningless for fractions
    record Value(Operand.Immediate immediate, boolean unsigned) {
        static Value signed(long bits) {
            return new Value(new Operand.Immediate(Operand.Immediate.Kind.INTEGER, bits), false);
        }

        static Value truth(boolean value) {
            return signed(value ? 1 : 0);
        }

        static Value unsigned(long bits) {
            return new Value(new Operand.Immediate(Operand.Immediate.Kind.INTEGER, bits), true);
        }

        static Value fraction(double value) {
            return new Value(
                    new Operand.Immediate(
                            Operand.Immediate.Kind.FLOAT64, Double.doubleToRawLongBits(value)),
                    false);
        }

        boolean isInteger() {
            return immediate.kind() == Operand.Immediate.Kind.INTEGER;
        }

        long bits() {
            return immediate.bits();
        }

        double number() {
            return switch (immediate.kind()) {
                case INTEGER -> unsigned ? ConstantArithmetic.unsignedToDouble(bits()) : bits();
                case FLOAT32 -> Float.intBitsToFloat((int) bits());
                case FLOAT64 -> Double.longBitsToDouble(bits());
            };
        }
    }

    /// True when what comes next can only be a constant. `!` is no sign of one: it also negates
    /// predicates.
    static boolean startsConstant(char c) {
        return NumberReader.startsNumber(c) || c == '(';
    }

    Operand.Immediate read() {
        return expression(TERNARY).immediate();
    }

    /// An expression whose value is an integer.
    long integer() {
        Value value = expression(TERNARY);
        if (!value.isInteger()) {
            throw lexer.error("expected an integer");
        }
        return value.bits();
    }

    /// The rest of an expression whose first constant has been read.
    Operand.Immediate readFrom(Operand.Immediate first) {
        return rest(new Value(first, false), TERNARY).immediate();
    }

    /// `!`, already consumed, and what it negates.
    Operand.Immediate readNot() {
        Value operand = unary();
        return rest(Value.truth(!isTrue(operand)), TERNARY).immediate();
    }

    private Value expression(int precedence) {
        if (++depth > MAXIMUM_DEPTH) {
            throw lexer.error("an expression is nested too deeply");
        }
        Value value = rest(unary(), precedence);
        depth--;
        return value;
    }

    private Value rest(Value first, int precedence) {
        Value value = first;
        while (true) {
            String operator = lexer.operator();
            int binds = ConstantArithmetic.precedence(operator);
            if (binds < Math.max(precedence, LOWEST)) {
                break;
            }
            lexer.skip(operator.length());
            value = ConstantArithmetic.apply(lexer, operator, value, expression(binds + 1));
        }
        return precedence == TERNARY && lexer.accept('?') ? choice(value) : value;
    }

    private Value choice(Value condition) {
        Value yes = expression(TERNARY);
        lexer.expect(':');
        Value no = expression(TERNARY);
        return isTrue(condition) ? yes : no;
    }

    private Value unary() {
        if (++depth > MAXIMUM_DEPTH) {
            throw lexer.error("an expression is nested too deeply");
        }
        Value value = unaryWithin();
        depth--;
        return value;
    }

    private Value unaryWithin() {
        if (lexer.accept('+')) {
            return unary();
        }
        if (lexer.accept('-')) {
            return ConstantArithmetic.negated(unary());
        }
        if (lexer.accept('!')) {
            return Value.truth(!isTrue(unary()));
        }
        if (lexer.accept('~')) {
            return Value.unsigned(~integer(unary()));
        }
        if (lexer.accept('(')) {
            return lexer.peek() == '.' ? cast() : parenthesised();
        }
        return numbers.literal();
    }

    private Value parenthesised() {
        Value value = expression(TERNARY);
        lexer.expect(')');
        return value;
    }

    private Value cast() {
        String type = lexer.dotted();
        lexer.expect(')');
        Value value = unary();
        return switch (type) {
            case "u64" -> Value.unsigned(integer(value));
            case "s64" -> Value.signed(integer(value));
            default -> throw lexer.error("a constant cannot be cast to ." + type);
        };
    }

    private long integer(Value value) {
        if (!value.isInteger()) {
            throw lexer.error("a fraction where only an integer can be");
        }
        return value.bits();
    }

    private boolean isTrue(Value value) {
        return integer(value) != 0;
    }
}
