package org.bitfusion.ptx;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Reads the text of a module: headers, variables and the signatures of functions at once, bodies
/// when asked for. Debug information and linking attributes are skipped. Malformed text gives a
/// [PtxException] and nothing else.
public final class PtxParser {
    private final String text;
    private final Lexer lexer;
    private final List<Variable> variables = new ArrayList<>();
    private final Map<String, PtxFunction> functions = new LinkedHashMap<>();
    private final Map<String, String> aliases = new LinkedHashMap<>();
    private final Map<StateSpace, Long> areaBytes = new EnumMap<>(StateSpace.class);
    private final PtxModule[] result = new PtxModule[1];
    private String version = "";
    private String target = "";
    private int addressBits = 64;

    private PtxParser(String text) {
        this.text = text;
        this.lexer = new Lexer(text, 0, text.length(), 1);
    }

    /// Parses a module. Text behind a NUL character is ignored.
    ///
    /// @throws PtxException when the text is no PTX
    public static PtxModule parse(CharSequence text) {
        return new PtxParser(text.toString()).module();
    }

    /// The version that a text says it is written in, as far as it can be read; empty if it says
    /// none.
    public static String version(CharSequence text) {
        PtxParser parser = new PtxParser(text.toString());
        try {
            while (!parser.lexer.atEnd() && parser.lexer.peek() == '.') {
                if (parser.lexer.dotted().equals("version")) {
                    return parser.lexer.number();
                }
            }
        } catch (PtxException notPtx) {
            return "";
        }
        return "";
    }

    private PtxModule module() {
        while (!lexer.atEnd()) {
            if (lexer.peek() == '@') {
                lexer.skipLine();
            } else {
                statement();
            }
        }
        if (version.isEmpty()) {
            throw new PtxException(1, "no .version: this is no PTX");
        }
        PtxModule.Header header = new PtxModule.Header(version, target, addressBits);
        PtxModule module = new PtxModule(header, variables, functions, aliases, areaBytes);
        result[0] = module;
        return module;
    }

    private void statement() {
        Variable.Linkage linkage = Variable.Linkage.INTERNAL;
        while (true) {
            String word = lexer.dotted();
            switch (word) {
                case "visible" -> linkage = Variable.Linkage.VISIBLE;
                case "extern" -> linkage = Variable.Linkage.EXTERNAL;
                case "weak" -> linkage = Variable.Linkage.WEAK;
                case "common" -> linkage = Variable.Linkage.COMMON;
                default -> {
                    definition(word, linkage);
                    return;
                }
            }
        }
    }

    private void definition(String word, Variable.Linkage linkage) {
        switch (word) {
            case "version" -> version = lexer.number();
            case "target" -> {
                target = lexer.name();
                while (lexer.accept(',')) {
                    lexer.name();
                }
            }
            case "address_size" -> addressBits = (int) new NumberReader(lexer).integer();
            case "entry" -> function(true);
            case "func" -> function(false);
            case "global" -> variable(StateSpace.GLOBAL, linkage);
            case "const" -> variable(StateSpace.CONST, linkage);
            case "shared" -> variable(StateSpace.SHARED, linkage);
            case "tex" -> variable(StateSpace.GLOBAL, linkage);
            case "file" -> DebugReader.file(lexer);
            case "loc" -> DebugReader.location(lexer);
            case "section" -> section();
            case "pragma" -> lexer.skipStatement();
            case "alias" -> alias();
            default -> throw lexer.error("unknown directive '." + word + "'");
        }
    }

    private void alias() {
        String name = lexer.name();
        lexer.expect(',');
        aliases.put(name, lexer.name());
        lexer.expect(';');
    }

    private void section() {
        while (!lexer.accept('{')) {
            if (lexer.atEnd()) {
                throw lexer.error("expected '{' after .section");
            }
            if (lexer.dotted().isEmpty()) {
                lexer.name();
            }
        }
        lexer.skipBlock();
    }

    private void variable(StateSpace space, Variable.Linkage linkage) {
        int line = lexer.line();
        do {
            Declaration declaration = new DeclarationReader(lexer).read(space);
            Variable.Initializer initializer = Variable.Initializer.ZERO;
            if (lexer.accept('=')) {
                initializer = new InitializerReader(lexer, declaration).read();
            }
            variables.add(placed(declaration, linkage, initializer, line));
        } while (lexer.accept(','));
        lexer.expect(';');
    }

    private Variable placed(
            Declaration wanted,
            Variable.Linkage linkage,
            Variable.Initializer initializer,
            int line) {
        long size = Math.max(wanted.byteCount(), initializer.bytes().length);
        Declaration declaration =
                new Declaration(
                        wanted.name(),
                        wanted.space(),
                        wanted.type(),
                        wanted.alignment(),
                        size,
                        wanted.array());
        long offset = -1;
        if (linkage != Variable.Linkage.EXTERNAL && wanted.space() != StateSpace.SHARED) {
            long used = areaBytes.getOrDefault(wanted.space(), 0L);
            offset = DeclarationReader.align(used, wanted.alignment());
            if (offset + size > 1L << 40) {
                throw new PtxException(line, "variables are too large");
            }
            areaBytes.put(wanted.space(), offset + size);
        }
        return new Variable(declaration, offset, linkage, initializer);
    }

    private void function(boolean kernel) {
        List<PtxParameter> results = List.of();
        DeclarationReader declarations = new DeclarationReader(lexer);
        if (lexer.accept('(')) {
            results = declarations.parameters(true);
        }
        String name = lexer.name();
        List<PtxParameter> parameters = List.of();
        if (lexer.accept('(')) {
            parameters = declarations.parameters(false);
        }
        PtxFunction.Performance performance = new PerformanceReader(lexer).read();
        if (lexer.accept(';')) {
            functions.putIfAbsent(
                    name, new PtxFunction(name, kernel, results, parameters, performance, null));
            return;
        }
        lexer.expect('{');
        int start = lexer.position();
        int line = lexer.line();
        lexer.skipBlock();
        int end = lexer.position() - 1;
        PtxFunction.BodySource source =
                self -> new BodyParser(result[0], self, new Lexer(text, start, end, line)).parse();
        functions.put(
                name, new PtxFunction(name, kernel, results, parameters, performance, source));
    }
}
