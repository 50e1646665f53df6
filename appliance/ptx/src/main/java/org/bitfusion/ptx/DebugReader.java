package org.bitfusion.ptx;

/// Reads past the directives that tie code to source lines (PTX ISA, "Debugging Directives"): they
/// end where their operands end, so that an instruction may follow on the same line.
final class DebugReader {
    private DebugReader() {}

    /// After `.file`: `index "name" {, timestamp, size}`.
    static void file(Lexer lexer) {
        integer(lexer);
        lexer.string();
        if (lexer.accept(',')) {
            integer(lexer);
            lexer.expect(',');
            integer(lexer);
        }
    }

    /// After `.loc`: `file line column {, function_name label {+ offset}, inlined_at file line
    /// column}`.
    static void location(Lexer lexer) {
        position(lexer);
        while (lexer.accept(',')) {
            if (lexer.acceptWord("inlined_at")) {
                position(lexer);
            } else if (lexer.acceptWord("function_name")) {
                lexer.name();
                if (lexer.accept('+')) {
                    integer(lexer);
                }
            } else {
                throw lexer.error("expected function_name or inlined_at");
            }
        }
    }

    private static void position(Lexer lexer) {
        integer(lexer);
        integer(lexer);
        integer(lexer);
    }

    private static void integer(Lexer lexer) {
        new NumberReader(lexer).integer();
    }
}
