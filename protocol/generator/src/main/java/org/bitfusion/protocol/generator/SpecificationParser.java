package org.bitfusion.protocol.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.bitfusion.protocol.generator.Specification.Composite;
import org.bitfusion.protocol.generator.Specification.Constant;
import org.bitfusion.protocol.generator.Specification.CudaType;
import org.bitfusion.protocol.generator.Specification.Field;
import org.bitfusion.protocol.generator.Specification.Function;
import org.bitfusion.protocol.generator.Specification.Message;
import org.bitfusion.protocol.generator.Specification.Sender;

/// Reads the files of a specification; the grammar is explained at the top of `driver.calls`.
final class SpecificationParser {
    private final Map<String, Constant> constants = new LinkedHashMap<>();
    private final Map<String, Composite> records = new LinkedHashMap<>();
    private final List<Message> messages = new ArrayList<>();
    private final List<CudaType> types = new ArrayList<>();
    private final List<Function> functions = new ArrayList<>();

    /// Reads and checks every `.calls` file of a directory, in the order of their names.
    static Specification parse(Path directory) throws IOException {
        SpecificationParser parser = new SpecificationParser();
        List<Path> files;
        try (Stream<Path> all = Files.list(directory)) {
            files = all.filter(file -> file.toString().endsWith(".calls")).sorted().toList();
        }
        for (Path file : files) {
            parser.read(file.getFileName().toString(), Files.readString(file));
        }
        return parser.checked();
    }

    /// Reads and checks a single text.
    static Specification parse(String file, String text) {
        SpecificationParser parser = new SpecificationParser();
        parser.read(file, text);
        return parser.checked();
    }

    private Specification checked() {
        Specification specification =
                new Specification(constants, records, messages, types, functions);
        new Validation(specification).run();
        return specification;
    }

    private void read(String file, String text) {
        TokenReader tokens = new TokenReader(Lexer.tokens(file, text));
        TypeParser typeParser = new TypeParser(tokens);
        FunctionParser functionParser = new FunctionParser(tokens, typeParser);
        while (!tokens.atEnd()) {
            switch (tokens.peek().text()) {
                case "constant" -> constant(tokens, typeParser);
                case "record" -> composite(tokens);
                case "message" -> messages.add(message(tokens));
                case "function" -> functions.add(functionParser.function());
                default -> types.add(typeParser.type());
            }
        }
    }

    private void constant(TokenReader tokens, TypeParser typeParser) {
        Position position = tokens.position();
        tokens.expect("constant");
        String name = tokens.word("the constant's name");
        tokens.expect("=");
        long value = tokens.number("the constant's value");
        Optional<Specification.CType> cast =
                tokens.takeIf("as") ? Optional.of(typeParser.cType()) : Optional.empty();
        if (constants.put(name, new Constant(position, name, value, cast)) != null) {
            throw new SpecificationException(position, "constant " + name + " is declared twice");
        }
    }

    private void composite(TokenReader tokens) {
        Position position = tokens.position();
        tokens.expect("record");
        String name = tokens.word("the record's name");
        Composite composite = new Composite(position, name, fields(tokens));
        if (records.put(name, composite) != null) {
            throw new SpecificationException(position, "record " + name + " is declared twice");
        }
    }

    private Message message(TokenReader tokens) {
        Position position = tokens.position();
        tokens.expect("message");
        long number = tokens.number("the message's number");
        if (number < 1 || number > 0xffff) {
            throw new SpecificationException(
                    position, "message number " + number + " (expected: 1 to 65535)");
        }
        String name = tokens.word("the message's name");
        boolean answered = oneOf(tokens, "oneway", "sync").equals("sync");
        Sender sender =
                Sender.valueOf(oneOf(tokens, "client", "worker", "lease").toUpperCase(Locale.ROOT));
        tokens.expect("since");
        int since = (int) tokens.number("a protocol version");
        List<Field> fields = fields(tokens);
        Optional<List<Field>> answer = Optional.empty();
        if (answered) {
            tokens.expect("answer");
            answer = Optional.of(fields(tokens));
        }
        return new Message(position, (int) number, name, sender, since, fields, answer);
    }

    private static String oneOf(TokenReader tokens, String... choices) {
        for (String choice : choices) {
            if (tokens.takeIf(choice)) {
                return choice;
            }
        }
        throw tokens.unexpected(String.join(", ", choices));
    }

    private List<Field> fields(TokenReader tokens) {
        List<Field> fields = new ArrayList<>();
        tokens.expect("{");
        while (!tokens.takeIf("}")) {
            Position position = tokens.position();
            String name = tokens.word("a field's name or '}'");
            tokens.expect(":");
            fields.add(new Field(position, name, fieldType(tokens)));
        }
        return List.copyOf(fields);
    }

    private FieldType fieldType(TokenReader tokens) {
        Position position = tokens.position();
        String word = tokens.word("a field's type");
        return switch (word) {
            case "u8" -> FieldType.Scalar.U8;
            case "u16" -> FieldType.Scalar.U16;
            case "u32" -> FieldType.Scalar.U32;
            case "u64" -> FieldType.Scalar.U64;
            case "i32" -> FieldType.Scalar.I32;
            case "f32" -> FieldType.Scalar.F32;
            case "f64" -> FieldType.Scalar.F64;
            case "uuid" -> FieldType.Opaque.UUID;
            case "secret" -> FieldType.Opaque.SECRET;
            case "hash" -> FieldType.Opaque.HASH;
            case "handle" -> new FieldType.Handle(angled(tokens).text());
            case "string" -> new FieldType.Text(maximum(tokens));
            case "bytes" -> new FieldType.Bytes(maximum(tokens));
            case "payload" -> new FieldType.Payload(maximum(tokens));
            case "array" -> {
                tokens.expect("<");
                FieldType element = fieldType(tokens);
                tokens.expect(">");
                yield new FieldType.Array(element, maximum(tokens));
            }
            default -> {
                if (!records.containsKey(word)) {
                    throw new SpecificationException(position, "unknown field type " + word);
                }
                yield new FieldType.Reference(word);
            }
        };
    }

    private static Token angled(TokenReader tokens) {
        tokens.expect("<");
        Token word = tokens.take();
        tokens.expect(">");
        return word;
    }

    private long maximum(TokenReader tokens) {
        tokens.expect("max");
        if (tokens.peek().kind() == Token.Kind.NUMBER) {
            return tokens.number("a limit");
        }
        Position position = tokens.position();
        String name = tokens.word("a limit");
        Constant constant = constants.get(name);
        if (constant == null) {
            throw new SpecificationException(position, "unknown constant " + name);
        }
        return constant.value();
    }
}
