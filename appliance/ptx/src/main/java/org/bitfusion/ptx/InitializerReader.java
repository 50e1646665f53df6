package org.bitfusion.ptx;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/// Reads the value after `=` of a module-level variable.
final class InitializerReader {
    private static final int MAXIMUM_DEPTH = 16;
    private static final long MAXIMUM_BYTES = 1L << 30;

    private final Lexer lexer;
    private final Declaration declaration;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final List<Variable.Relocation> relocations = new ArrayList<>();

    InitializerReader(Lexer lexer, Declaration declaration) {
        this.lexer = lexer;
        this.declaration = declaration;
    }

    Variable.Initializer read() {
        value(0);
        if (declaration.byteCount() > 0 && bytes.size() > declaration.byteCount()) {
            throw lexer.error(declaration.name() + ": more initial values than room");
        }
        return new Variable.Initializer(bytes.toByteArray(), relocations);
    }

    private void value(int depth) {
        if (depth > MAXIMUM_DEPTH) {
            throw lexer.error("initial values are nested too deeply");
        }
        if (!lexer.accept('{')) {
            element();
            return;
        }
        while (!lexer.accept('}')) {
            value(depth + 1);
            if (!lexer.accept(',') && lexer.peek() != '}') {
                throw lexer.error("expected ',' or '}' in initial values");
            }
        }
    }

    private void element() {
        char next = lexer.peek();
        if (ConstantReader.startsConstant(next) || next == '!') {
            Operand.Immediate number = new ConstantReader(lexer).read();
            if (lexer.accept('(')) {
                masked(number.bits());
                return;
            }
            append(number.bitsAs(declaration.type()));
            return;
        }
        address(0);
    }

    /// `0xFF00(symbol)`: one byte of an address.
    private void masked(long mask) {
        if (mask == 0) {
            throw lexer.error("an address mask of zero");
        }
        address(Long.numberOfTrailingZeros(mask));
        lexer.expect(')');
    }

    private void address(int shift) {
        boolean generic = lexer.acceptWord("generic");
        if (generic) {
            lexer.expect('(');
        }
        String symbol = lexer.name();
        long addend = offset();
        if (generic) {
            lexer.expect(')');
            addend += offset();
        }
        relocations.add(
                new Variable.Relocation(
                        bytes.size(), declaration.type().bytes(), symbol, addend, generic, shift));
        append(0);
    }

    private long offset() {
        char next = lexer.peek();
        return next == '+' || next == '-' ? new ConstantReader(lexer).integer() : 0;
    }

    private void append(long bits) {
        if (bytes.size() >= MAXIMUM_BYTES) {
            throw lexer.error("too many initial values");
        }
        for (int index = 0; index < declaration.type().bytes(); index++) {
            bytes.write((int) (bits >>> (8 * index)));
        }
    }
}
