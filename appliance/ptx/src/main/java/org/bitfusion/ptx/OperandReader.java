package org.bitfusion.ptx;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads operands. Null means: well-formed as far as can be seen, but not understood.
final class OperandReader {
    private static final Operand.Sink SINK = new Operand.Sink();
    private static final int WARP_SIZE = 32;
    private static final int MAXIMUM_OPERANDS = 4096;

    private final Lexer lexer;
    private final Names names;

    /// What a scalar video instruction selects of its operands, as the modifiers of its form; null
    /// while another instruction is read.
    private @Nullable StringBuilder selectors;

    private int operandNumber;

    OperandReader(Lexer lexer, Names names) {
        this.lexer = lexer;
        this.names = names;
    }

    /// All operands up to but not including the `;`.
    @Nullable List<Operand> readAll() {
        List<Operand> operands = new ArrayList<>(4);
        operandNumber = 0;
        if (lexer.peek() == ';') {
            return operands;
        }
        do {
            Operand operand = read();
            if (operand == null || operands.size() >= MAXIMUM_OPERANDS) {
                return null;
            }
            operands.add(operand);
            operandNumber = operands.size();
        } while (lexer.accept(','));
        return operands;
    }

    /// The operands of a scalar video instruction.
    ///
    /// @param form gets a modifier for each part that is selected of an operand (`.a_b0`)
    @Nullable List<Operand> readSelected(StringBuilder form) {
        selectors = form;
        List<Operand> read = readAll();
        selectors = null;
        return read;
    }

    /// A register of which a scalar video instruction means a part; null in any other instruction.
    private @Nullable Register selected(Register register, String part) {
        if (selectors == null || operandNumber > 3) {
            return null;
        }
        selectors.append('.').append("dabc".charAt(operandNumber)).append('_').append(part);
        return register;
    }

    private @Nullable Operand read() {
        Operand first = single();
        if (first == null || !lexer.accept('|')) {
            return first;
        }
        Operand second = single();
        return second == null ? null : new Operand.Pair(first, second);
    }

    private @Nullable Operand single() {
        char next = lexer.peek();
        if (next == '[') {
            return address();
        }
        if (next == '{') {
            return vector();
        }
        if (lexer.accept('!')) {
            if (ConstantReader.startsConstant(lexer.peek()) || lexer.peek() == '!') {
                return new ConstantReader(lexer).readNot();
            }
            Register predicate = names.register(lexer.name());
            return predicate == null ? null : new Operand.Negated(predicate);
        }
        if (selectors != null && lexer.acceptBeforeName('-')) {
            return named() instanceof Register register ? selected(register, "neg") : null;
        }
        return ConstantReader.startsConstant(next) ? new ConstantReader(lexer).read() : named();
    }

    private @Nullable Operand named() {
        String name = lexer.name();
        if (name.equals("_")) {
            return SINK;
        }
        Register register = names.register(name);
        if (register != null) {
            return lexer.peek() == '.' ? selected(register, lexer.dotted()) : register;
        }
        int point = name.indexOf('.'); // of names with a percent sign it is a part
        Register whole = point > 0 ? names.register(name.substring(0, point)) : null;
        if (whole != null) {
            return selected(whole, name.substring(point + 1));
        }
        SpecialRegister special = SpecialRegister.find(name);
        if (special != null) {
            return special;
        }
        if (name.equals("WARP_SZ")) {
            return new ConstantReader(lexer)
                    .readFrom(new Operand.Immediate(Operand.Immediate.Kind.INTEGER, WARP_SIZE));
        }
        boolean generic = name.equals("generic") && lexer.accept('(');
        Symbol symbol = names.symbol(generic ? lexer.name() : name);
        if (generic || symbol == null) {
            return null;
        }
        return new Operand.SymbolAddress(symbol, offset());
    }

    private @Nullable Operand address() {
        lexer.expect('[');
        Operand result;
        if (ConstantReader.startsConstant(lexer.peek())) {
            result = new Operand.Address(null, null, new ConstantReader(lexer).integer());
        } else {
            String name = lexer.name();
            Register register = names.register(name);
            Symbol symbol = register == null ? names.symbol(name) : null;
            if (register == null && symbol == null) {
                return null;
            }
            result = new Operand.Address(register, symbol, offset());
        }
        return lexer.accept(']') ? result : null;
    }

    private long offset() {
        char next = lexer.peek();
        return next == '+' || next == '-' ? new ConstantReader(lexer).integer() : 0;
    }

    private @Nullable Operand vector() {
        lexer.expect('{');
        List<Operand> elements = new ArrayList<>(4);
        do {
            Operand element = single();
            if (element == null || elements.size() >= 8 || element instanceof Operand.Vector) {
                return null;
            }
            elements.add(element);
        } while (lexer.accept(','));
        return lexer.accept('}') ? new Operand.Vector(elements) : null;
    }

    /// The operands of `call`.
    @Nullable List<Operand> readCall() {
        List<Operand> results = List.of();
        List<Operand> arguments = List.of();
        Operand.Prototype prototype = null;
        if (lexer.peek() == '(') {
            results = parenthesised();
            lexer.expect(',');
        }
        Operand target = named();
        while (target != null && lexer.accept(',')) {
            if (lexer.peek() == '(') {
                arguments = parenthesised();
            } else {
                prototype = names.prototype(lexer.name());
            }
        }
        if (results == null || arguments == null || target == null || !isCallable(target)) {
            return null;
        }
        return List.of(new Operand.Call(results, target, arguments, prototype));
    }

    private static boolean isCallable(Operand target) {
        return target instanceof Register
                || (target instanceof Operand.SymbolAddress address
                        && address.symbol() instanceof PtxFunction);
    }

    private @Nullable List<Operand> parenthesised() {
        lexer.expect('(');
        List<Operand> operands = new ArrayList<>(4);
        while (!lexer.accept(')')) {
            Operand operand = single();
            if (operand == null || operands.size() >= MAXIMUM_OPERANDS) {
                return null;
            }
            operands.add(operand);
            if (!lexer.accept(',') && lexer.peek() != ')') {
                throw lexer.error("expected ',' or ')'");
            }
        }
        return operands;
    }
}
