package org.bitfusion.protocol.generator;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bitfusion.protocol.generator.Specification.AliasType;
import org.bitfusion.protocol.generator.Specification.CType;
import org.bitfusion.protocol.generator.Specification.CallbackType;
import org.bitfusion.protocol.generator.Specification.CudaType;
import org.bitfusion.protocol.generator.Specification.Direction;
import org.bitfusion.protocol.generator.Specification.EnumType;
import org.bitfusion.protocol.generator.Specification.Enumerator;
import org.bitfusion.protocol.generator.Specification.HandleType;
import org.bitfusion.protocol.generator.Specification.JavaClass;
import org.bitfusion.protocol.generator.Specification.Member;
import org.bitfusion.protocol.generator.Specification.OpaqueType;
import org.bitfusion.protocol.generator.Specification.Parameter;
import org.bitfusion.protocol.generator.Specification.StructType;

/// Parses the entries that declare types of the CUDA driver API, C types and parameter lists.
final class TypeParser {
    private static final Set<String> BASIC_WORDS =
            Set.of("unsigned", "signed", "char", "short", "int", "long", "float", "double", "void");

    private final TokenReader tokens;

    TypeParser(TokenReader tokens) {
        this.tokens = tokens;
    }

    CudaType type() {
        Position position = tokens.position();
        String entry = tokens.word("an entry");
        return switch (entry) {
            case "handle" -> {
                String name = tokens.word("the handle's name");
                yield new HandleType(
                        position,
                        name,
                        tokens.takeIf("kind")
                                ? Optional.of(tokens.word("the handle's kind"))
                                : Optional.empty());
            }
            case "alias" -> {
                String name = tokens.word("the alias");
                tokens.expect("=");
                yield new AliasType(position, name, cType().base());
            }
            case "opaque" -> new OpaqueType(position, tokens.word("the type's name"));
            case "callback" -> {
                String name = tokens.word("the callback's name");
                yield new CallbackType(position, name, cType(), parameters());
            }
            case "enum" -> enumeration(position);
            case "struct" -> structure(position, false);
            case "union" -> structure(position, true);
            default ->
                    throw new SpecificationException(
                            position,
                            "unknown entry '"
                                    + entry
                                    + "' (expected: constant, record, message, function, handle,"
                                    + " alias, callback, opaque, enum, struct or union)");
        };
    }

    private EnumType enumeration(Position position) {
        String name = tokens.word("the enumeration's name");
        Optional<JavaClass> javaClass = Optional.empty();
        if (tokens.takeIf("java")) {
            String className = tokens.word("the Java class's name");
            tokens.expect("prefix");
            javaClass = Optional.of(new JavaClass(className, tokens.word("a prefix")));
        }
        List<Enumerator> values = new ArrayList<>();
        tokens.expect("{");
        while (!tokens.takeIf("}")) {
            Position at = tokens.position();
            String enumerator = tokens.word("an enumerator or '}'");
            tokens.expect("=");
            long value = tokens.number("the enumerator's number");
            Optional<String> text =
                    tokens.peek().kind() == Token.Kind.TEXT
                            ? Optional.of(tokens.take().text())
                            : Optional.empty();
            values.add(new Enumerator(at, enumerator, value, text));
        }
        return new EnumType(position, name, javaClass, List.copyOf(values));
    }

    private StructType structure(Position position, boolean union) {
        String name = tokens.word("the structure's name");
        tokens.expect("[");
        long bytes = tokens.number("the structure's size in bytes");
        tokens.expect("]");
        List<Member> members = new ArrayList<>();
        tokens.expect("{");
        while (!tokens.takeIf("}")) {
            Position at = tokens.position();
            CType type = cType();
            String member = tokens.word("a member's name");
            boolean array = tokens.takeIf("[");
            long count = 1;
            if (array) {
                count = tokens.number("a number of elements");
                tokens.expect("]");
            }
            tokens.expect(";");
            members.add(new Member(at, type, member, array, count));
        }
        return new StructType(position, name, union, bytes, List.copyOf(members));
    }

    /// Reads a type without the name that follows it.
    CType cType() {
        StringBuilder base = new StringBuilder();
        if (tokens.takeIf("const")) {
            base.append("const ");
        }
        base.append(tokens.word("a C type"));
        if (BASIC_WORDS.contains(base.toString().replace("const ", ""))) {
            while (BASIC_WORDS.contains(tokens.peek().text())) {
                base.append(' ').append(tokens.take().text());
            }
        }
        int stars = 0;
        while (tokens.takeIf("*")) {
            stars++;
        }
        return new CType(base.toString(), stars);
    }

    List<Parameter> parameters() {
        List<Parameter> parameters = new ArrayList<>();
        tokens.expect("(");
        if (tokens.takeIf(")")) {
            return List.of();
        }
        do {
            parameters.add(parameter());
        } while (tokens.takeIf(","));
        tokens.expect(")");
        return List.copyOf(parameters);
    }

    private Parameter parameter() {
        Position position = tokens.position();
        Direction direction = direction();
        CType type = cType();
        String name = tokens.word("a parameter's name");
        Optional<String> length = Optional.empty();
        if (tokens.takeIf("[")) {
            length = Optional.of(tokens.take().text());
            tokens.expect("]");
        }
        return new Parameter(position, direction, type, name, length);
    }

    private Direction direction() {
        if (tokens.takeIf("in")) {
            return Direction.IN;
        }
        if (tokens.takeIf("out")) {
            return Direction.OUT;
        }
        return tokens.takeIf("inout") ? Direction.INOUT : Direction.VALUE;
    }
}
