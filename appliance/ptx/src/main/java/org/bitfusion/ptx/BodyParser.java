package org.bitfusion.ptx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads the code between a function's braces.
final class BodyParser {
    private static final long MAXIMUM_BYTES = 1L << 30;

    private final Lexer lexer;
    private final Names names;
    private final OperandReader operands;
    private final List<Instruction> instructions = new ArrayList<>();
    private final List<Variable> variables = new ArrayList<>();
    private final Map<String, Integer> outerLabels = new HashMap<>();
    private long localBytes;
    private int localAlignment = 1;
    private long callBytes;
    private long callBytesMaximum;

    BodyParser(PtxModule module, PtxFunction function, Lexer lexer) {
        this.lexer = lexer;
        this.names = new Names(module, function);
        this.operands = new OperandReader(lexer, names);
    }

    FunctionBody parse() {
        while (!lexer.atEnd()) {
            statement();
        }
        resolveLabels();
        Scope outermost = names.scope();
        if (outermost.parent != null) {
            throw lexer.error("expected '}'");
        }
        if (!outermost.fixups.isEmpty()) {
            Scope.Fixup fixup = outermost.fixups.getFirst();
            throw new PtxException(
                    instructions.get(fixup.instruction()).line(),
                    "branch to an unknown label among " + fixup.labels());
        }
        outerLabels.putAll(outermost.labels);
        return new FunctionBody(
                instructions,
                names.registers(),
                names.registerCounts(),
                variables,
                localBytes,
                localAlignment,
                callBytesMaximum,
                outerLabels);
    }

    private void statement() {
        char next = lexer.peek();
        switch (next) {
            case ';' -> lexer.expect(';');
            case '{' -> {
                lexer.expect('{');
                names.open(lexer, callBytes);
            }
            case '}' -> closeScope();
            case '.' -> directive(null);
            case '@' -> guarded();
            default -> {
                String label = lexer.label();
                if (label == null) {
                    instruction(null);
                } else {
                    label(label);
                }
            }
        }
    }

    /// A label names the next instruction; the label of a table or prototype names that as well.
    private void label(String label) {
        if (names.scope().labels.put(label, instructions.size()) != null) {
            throw lexer.error("label " + label + " appears twice");
        }
        if (lexer.peek() == '.') {
            directive(label);
        }
    }

    private void closeScope() {
        lexer.expect('}');
        resolveLabels();
        Scope closed = names.scope();
        callBytes = closed.callMark;
        if (!names.close()) {
            throw lexer.error("'}' without '{'");
        }
        names.scope().fixups.addAll(closed.fixups);
        closed.targets.forEach(names.scope().targets::putIfAbsent);
    }

    private void guarded() {
        lexer.expect('@');
        if (lexer.peek() == '@') {
            lexer.skipLine();
            return;
        }
        boolean negated = lexer.accept('!');
        String name = lexer.name();
        Register predicate = names.register(name);
        if (predicate == null || predicate.type() != PtxType.PRED) {
            throw lexer.error(name + " is no predicate register");
        }
        instruction(new Instruction.Guard(predicate, negated));
    }

    private void instruction(Instruction.@Nullable Guard guard) {
        int line = lexer.line();
        String form = lexer.word();
        if (form.isEmpty()) {
            throw lexer.error("expected an instruction");
        }
        if (form.startsWith("mov.v4.")) {
            vectorMove(form, guard, line);
            return;
        }
        Operation operation = OperationReader.read(form);
        StringBuilder selected = new StringBuilder(form);
        List<Operand> read =
                switch (operation.opcode()) {
                    case VADD, VSUB, VABSDIFF, VMIN, VMAX, VSHL, VSHR, VMAD, VSET ->
                            operands.readSelected(selected);
                    case UNSUPPORTED -> null;
                    case BRA -> branch();
                    case BRX -> indexedBranch();
                    case CALL -> operands.readCall();
                    default -> operands.readAll();
                };
        if (read == null) {
            lexer.skipStatement();
        } else {
            lexer.expect(';');
        }
        if (selected.length() > form.length()) {
            operation = OperationReader.read(selected.toString());
        }
        if (read == null || !OperandCheck.fits(operation, read)) {
            operation = OperationReader.unsupported(form);
            read = List.of();
        }
        instructions.add(new Instruction(operation, read, guard, line));
    }

    /// `mov.v4.u32 {%r1, %r2, %r3, %r4}, %tid`: a move for each dimension.
    private void vectorMove(String form, Instruction.@Nullable Guard guard, int line) {
        String type = form.substring("mov.v4.".length());
        List<Operand> read = operands.readAll();
        if (read == null
                || read.size() != 2
                || !(read.getFirst() instanceof Operand.Vector vector)
                || vector.elements().size() != 4
                || !(read.get(1) instanceof SpecialRegister special)
                || !special.isVector()) {
            if (read == null) {
                lexer.skipStatement();
            } else {
                lexer.expect(';');
            }
            instructions.add(
                    new Instruction(OperationReader.unsupported(form), List.of(), guard, line));
            return;
        }
        lexer.expect(';');
        Operation move = OperationReader.read("mov." + type);
        for (int index = 0; index < 4; index++) {
            Operand element = vector.elements().get(index);
            if (element instanceof Register) {
                List<Operand> pair = List.of(element, special.dimension(index));
                boolean fits = OperandCheck.fits(move, pair);
                instructions.add(
                        fits
                                ? new Instruction(move, pair, guard, line)
                                : new Instruction(
                                        OperationReader.unsupported(form), List.of(), guard, line));
            }
        }
    }

    private List<Operand> branch() {
        String label = lexer.name();
        names.scope().fixups.add(new Scope.Fixup(instructions.size(), List.of(label), false));
        return List.of(new Operand.Label(label, -1));
    }

    private @Nullable List<Operand> indexedBranch() {
        Register index = names.register(lexer.name());
        if (index == null) {
            return null;
        }
        lexer.expect(',');
        String table = lexer.name();
        names.scope().fixups.add(new Scope.Fixup(instructions.size(), List.of(table), true));
        return List.of(index, new Operand.Label(table, -1));
    }

    private void resolveLabels() {
        Scope scope = names.scope();
        List<Scope.Fixup> left = new ArrayList<>();
        for (Scope.Fixup fixup : scope.fixups) {
            List<String> wanted = fixup.labels();
            if (fixup.table()) {
                wanted = scope.targets.get(wanted.getFirst());
            }
            if (wanted == null || !scope.labels.keySet().containsAll(wanted)) {
                left.add(fixup);
                continue;
            }
            List<Operand.Label> found = new ArrayList<>();
            for (String name : wanted) {
                found.add(new Operand.Label(name, scope.labels.getOrDefault(name, 0)));
            }
            patch(fixup, found);
        }
        scope.fixups.clear();
        scope.fixups.addAll(left);
    }

    private void patch(Scope.Fixup fixup, List<Operand.Label> labels) {
        Instruction old = instructions.get(fixup.instruction());
        List<Operand> patched =
                fixup.table()
                        ? List.of(old.operand(0), new Operand.BranchTargets(labels))
                        : List.of(labels.getFirst());
        instructions.set(
                fixup.instruction(),
                new Instruction(old.operation(), patched, old.guard(), old.line()));
    }

    private void directive(@Nullable String label) {
        String word = lexer.dotted();
        switch (word) {
            case "reg" -> registers();
            case "local" -> variable(StateSpace.LOCAL);
            case "shared" -> variable(StateSpace.SHARED);
            case "param" -> variable(StateSpace.PARAM);
            case "file" -> DebugReader.file(lexer);
            case "loc" -> DebugReader.location(lexer);
            case "pragma", "calltargets", "attribute" -> lexer.skipStatement();
            case "branchtargets" -> branchTargets(label);
            case "callprototype" -> prototype(label);
            default -> throw lexer.error("unknown directive '." + word + "' in a body");
        }
    }

    private void registers() {
        String word = lexer.dotted();
        boolean vector = word.startsWith("v") && PtxType.find(word) == null;
        PtxType type = PtxType.find(vector ? lexer.dotted() : word);
        if (type == null) {
            throw lexer.error("unknown register type ." + word);
        }
        Scope scope = names.scope();
        do {
            String name = lexer.name();
            if (lexer.accept('<')) {
                long count = new NumberReader(lexer).integer();
                lexer.expect('>');
                if (!vector) {
                    scope.ranges.put(name, new Scope.Range(type, count));
                }
            } else if (!vector) {
                scope.declared.put(name, type);
            }
        } while (lexer.accept(','));
        lexer.expect(';');
    }

    private void variable(StateSpace space) {
        do {
            Declaration declaration = new DeclarationReader(lexer).read(space);
            long offset = -1;
            if (space == StateSpace.LOCAL) {
                offset = DeclarationReader.align(localBytes, declaration.alignment());
                localBytes = limited(offset + declaration.byteCount());
                localAlignment = Math.max(localAlignment, declaration.alignment());
            } else if (space == StateSpace.PARAM) {
                offset = DeclarationReader.align(callBytes, declaration.alignment());
                callBytes = limited(offset + declaration.byteCount());
                callBytesMaximum = Math.max(callBytesMaximum, callBytes);
            }
            Variable variable =
                    new Variable(
                            declaration,
                            offset,
                            Variable.Linkage.INTERNAL,
                            Variable.Initializer.ZERO);
            variables.add(variable);
            names.scope().variables.put(declaration.name(), variable);
        } while (lexer.accept(','));
        lexer.expect(';');
    }

    private long limited(long bytes) {
        if (bytes > MAXIMUM_BYTES) {
            throw lexer.error("variables of a function are too large");
        }
        return bytes;
    }

    private void branchTargets(@Nullable String label) {
        List<String> targets = new ArrayList<>();
        do {
            targets.add(lexer.name());
        } while (lexer.accept(','));
        lexer.expect(';');
        if (label != null) {
            names.scope().targets.put(label, targets);
        }
    }

    private void prototype(@Nullable String label) {
        DeclarationReader declarations = new DeclarationReader(lexer);
        List<PtxParameter> results = lexer.accept('(') ? declarations.parameters(true) : List.of();
        lexer.name();
        List<PtxParameter> parameters =
                lexer.accept('(') ? declarations.parameters(false) : List.of();
        lexer.skipStatement();
        if (label != null) {
            names.scope().prototypes.put(label, new Operand.Prototype(results, parameters));
        }
    }
}
