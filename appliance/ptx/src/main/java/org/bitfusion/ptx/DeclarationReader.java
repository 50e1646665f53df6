package org.bitfusion.ptx;

import java.util.ArrayList;
import java.util.List;

/// Reads `.align 8 .v4 .b8 name[3][4]` and parameter lists.
final class DeclarationReader {
    private static final long MAXIMUM_BYTES = 1L << 40;
    private static final int MAXIMUM_ALIGNMENT = 1 << 20;

    private final Lexer lexer;

    DeclarationReader(Lexer lexer) {
        this.lexer = lexer;
    }

    /// With the state space already consumed, reads up to and including the array bounds.
    Declaration read(StateSpace space) {
        int alignment = 0;
        int vector = 1;
        PtxType type = null;
        boolean pointee = false;
        while (lexer.peek() == '.') {
            String word = lexer.dotted();
            switch (word) {
                case "align" -> {
                    int value = alignment();
                    alignment = pointee ? alignment : value;
                }
                case "v2" -> vector = 2;
                case "v4" -> vector = 4;
                case "v8" -> vector = 8;
                case "ptr" -> pointee = true;
                case "global", "const", "shared", "local" -> {}
                case "attribute" -> {
                    lexer.expect('(');
                    skipParentheses();
                }
                default -> {
                    type = PtxType.find(word);
                    if (type == null) {
                        throw lexer.error("unknown type ." + word);
                    }
                }
            }
        }
        if (type == null) {
            throw lexer.error("a declaration without a type");
        }
        String name = lexer.name();
        return sized(name, space, type, alignment, vector);
    }

    private Declaration sized(
            String name, StateSpace space, PtxType type, int alignment, int vector) {
        long bytes = (long) type.bytes() * vector;
        int natural = (int) bytes;
        boolean array = false;
        boolean unsized = false;
        while (lexer.accept('[')) {
            array = true;
            if (lexer.accept(']')) {
                unsized = true;
                continue;
            }
            long count = new ConstantReader(lexer).integer();
            if (count < 0 || (bytes > 0 && count > MAXIMUM_BYTES / bytes)) {
                throw lexer.error(name + ": array bound " + count + " is out of range");
            }
            bytes *= count;
            lexer.expect(']');
        }
        return new Declaration(
                name, space, type, Math.max(alignment, natural), unsized ? 0 : bytes, array);
    }

    /// After the opening parenthesis of a parameter list: reads up to and including the closing
    /// one. Kernels and functions alike lay out each parameter at its own alignment.
    List<PtxParameter> parameters(boolean results) {
        List<PtxParameter> parameters = new ArrayList<>();
        long offset = 0;
        while (!lexer.accept(')')) {
            String space = lexer.dotted();
            if (!space.equals("param") && !space.equals("reg")) {
                throw lexer.error("expected .param or .reg");
            }
            Declaration one = read(space.equals("param") ? StateSpace.PARAM : StateSpace.REG);
            skipPointerAttributes();
            offset = align(offset, one.alignment());
            parameters.add(
                    new PtxParameter(
                            one.name(),
                            one.space(),
                            one.type(),
                            one.alignment(),
                            one.byteCount(),
                            one.array(),
                            offset,
                            results));
            offset += one.byteCount();
            if (offset > MAXIMUM_BYTES) {
                throw lexer.error("parameters are too large");
            }
            if (!lexer.accept(',') && lexer.peek() != ')') {
                throw lexer.error("expected ',' or ')' in a parameter list");
            }
        }
        return parameters;
    }

    private void skipPointerAttributes() {
        while (lexer.peek() == '.') {
            String word = lexer.dotted();
            if (word.equals("align")) {
                alignment();
            }
        }
    }

    private void skipParentheses() {
        while (!lexer.accept(')')) {
            if (lexer.atEnd()) {
                throw lexer.error("expected ')'");
            }
            if (!lexer.accept(',') && !lexer.accept('.')) {
                lexer.name();
            }
        }
    }

    private int alignment() {
        long value = new ConstantReader(lexer).integer();
        if (value < 1 || value > MAXIMUM_ALIGNMENT || Long.bitCount(value) != 1) {
            throw lexer.error("alignment " + value + " is not a power of two up to 2^20");
        }
        return (int) value;
    }

    static long align(long offset, int alignment) {
        return (offset + alignment - 1) & -alignment;
    }
}
