package org.bitfusion.protocol.generator;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bitfusion.protocol.generator.Specification.Constant;
import org.bitfusion.protocol.generator.Specification.CudaType;
import org.bitfusion.protocol.generator.Specification.Direction;
import org.bitfusion.protocol.generator.Specification.EnumType;
import org.bitfusion.protocol.generator.Specification.Field;
import org.bitfusion.protocol.generator.Specification.Function;
import org.bitfusion.protocol.generator.Specification.FunctionClass;
import org.bitfusion.protocol.generator.Specification.HandleType;
import org.bitfusion.protocol.generator.Specification.Message;
import org.bitfusion.protocol.generator.Specification.Own;
import org.bitfusion.protocol.generator.Specification.Parameter;
import org.bitfusion.protocol.generator.Specification.SameAs;
import org.bitfusion.protocol.generator.Specification.StructType;
import org.bitfusion.protocol.generator.Specification.Variant;

/// Checks what the grammar alone cannot: numbers and names are unique, everything named exists,
/// limits fit into a frame.
final class Validation {
    private static final Set<String> BASIC_TYPES =
            Set.of(
                    "void",
                    "char",
                    "unsigned char",
                    "short",
                    "unsigned short",
                    "int",
                    "unsigned int",
                    "long",
                    "unsigned long",
                    "long long",
                    "unsigned long long",
                    "float",
                    "double",
                    "size_t",
                    "uint8_t",
                    "uint16_t",
                    "uint32_t",
                    "uint64_t",
                    "int8_t",
                    "int16_t",
                    "int32_t",
                    "int64_t",
                    "bool");

    private final Specification specification;
    private final Sizes sizes;
    private final Map<String, Position> names = new HashMap<>();
    private final Set<String> cTypes = new HashSet<>(BASIC_TYPES);
    private final Set<String> handleKinds = new HashSet<>();

    Validation(Specification specification) {
        this.specification = specification;
        this.sizes = new Sizes(specification);
    }

    void run() {
        specification.types().forEach(this::declare);
        specification.types().forEach(this::checkType);
        specification.records().values().forEach(record -> checkRecord(record.fields()));
        checkMessages();
        specification.functions().forEach(this::checkFunction);
    }

    private void declare(CudaType type) {
        unique("type", type.name(), type.position());
        cTypes.add(type.name());
        if (type instanceof HandleType handle) {
            handle.kind().ifPresent(handleKinds::add);
        }
    }

    private void checkType(CudaType type) {
        if (type instanceof StructType struct) {
            Set<String> members = new HashSet<>();
            for (Specification.Member member : struct.members()) {
                known(member.type(), member.position());
                if (!members.add(member.name())) {
                    throw problem(member.position(), "member " + member.name() + " is twice");
                }
            }
            long bytes = new Layouts(specification).of(struct).bytes();
            if (bytes != struct.bytes()) {
                throw problem(
                        struct.position(),
                        struct.name()
                                + " has "
                                + bytes
                                + " bytes (expected: "
                                + struct.bytes()
                                + ")");
            }
        }
        if (type instanceof EnumType enumeration) {
            enumeration
                    .values()
                    .forEach(value -> unique("enumerator", value.name(), value.position()));
        }
    }

    private void checkRecord(List<Field> fields) {
        checkFields(fields);
        for (Field field : fields) {
            if (field.type() instanceof FieldType.Payload) {
                throw problem(field.position(), "a record cannot hold a payload");
            }
        }
    }

    private void checkMessages() {
        Map<Integer, Message> numbers = new HashMap<>();
        for (Message message : specification.messages()) {
            unique("message", message.name(), message.position());
            Message other = numbers.put(message.number(), message);
            if (other != null) {
                throw problem(
                        message.position(),
                        "message "
                                + message.name()
                                + " has the number of "
                                + other.name()
                                + " ("
                                + other.position()
                                + ")");
            }
            checkSince(message);
            checkBody(message, message.fields());
            message.answer().ifPresent(answer -> checkBody(message, answer));
        }
    }

    private void checkSince(Message message) {
        Constant version = specification.constants().get("PROTOCOL_VERSION");
        if (message.since() < 1 || (version != null && message.since() > version.value())) {
            throw problem(
                    message.position(),
                    message.name()
                            + " is since "
                            + message.since()
                            + " (expected: 1 to the protocol's version)");
        }
    }

    private void checkBody(Message message, List<Field> fields) {
        checkFields(fields);
        long maximum = sizes.maximum(fields);
        Constant limit = specification.constants().get("MAX_BODY");
        if (limit != null && maximum > limit.value()) {
            throw problem(
                    message.position(),
                    message.name()
                            + " can take "
                            + maximum
                            + " bytes (expected: at most "
                            + limit.value()
                            + ")");
        }
        if (Sizes.hasPayload(fields) && !sizes.fixed(fields.subList(0, fields.size() - 1))) {
            throw problem(message.position(), "the fields before a payload must be of fixed size");
        }
    }

    private void checkFields(List<Field> fields) {
        Set<String> seen = new HashSet<>();
        for (Field field : fields) {
            if (!seen.add(field.name())) {
                throw problem(field.position(), "field " + field.name() + " is declared twice");
            }
            checkFieldType(field, field.type(), Sizes.isLast(fields, field));
        }
    }

    private void checkFieldType(Field field, FieldType type, boolean last) {
        switch (type) {
            case FieldType.Handle handle -> {
                if (!handleKinds.contains(handle.kind())) {
                    throw problem(field.position(), "unknown handle kind " + handle.kind());
                }
            }
            case FieldType.Payload payload -> {
                if (!last) {
                    throw problem(field.position(), "a payload must be the last field");
                }
            }
            case FieldType.Text text -> {
                if (text.maximum() > 0xffff) {
                    throw problem(field.position(), "a string holds at most 65535 bytes");
                }
            }
            case FieldType.Array array -> {
                if (!(array.element() instanceof FieldType.Scalar)
                        && !(array.element() instanceof FieldType.Reference)) {
                    throw problem(field.position(), "an array holds numbers or records");
                }
            }
            case FieldType.Scalar scalar -> {}
            case FieldType.Opaque opaque -> {}
            case FieldType.Bytes bytes -> {}
            case FieldType.Reference reference -> {}
        }
    }

    private void checkFunction(Function function) {
        unique("function", "function " + function.name(), function.position());
        for (String message : function.messages()) {
            if (specification.messages().stream().noneMatch(m -> m.name().equals(message))) {
                throw problem(function.position(), "unknown message " + message);
            }
        }
        boolean sends =
                function.functionClass() != FunctionClass.LOCAL
                        && function.functionClass() != FunctionClass.UNSUPPORTED;
        if (sends == function.messages().isEmpty()) {
            throw problem(
                    function.position(),
                    function.name() + (sends ? " names no message" : " must not name messages"));
        }
        function.variants().forEach(variant -> checkVariant(function, variant));
    }

    private void checkVariant(Function function, Variant variant) {
        unique("symbol", variant.symbol(), variant.position());
        if (variant.version() < 1000 || variant.version() > 99999) {
            throw problem(
                    variant.position(),
                    "CUDA version " + variant.version() + " (expected: 3020 for 3.2)");
        }
        if (variant.body() instanceof SameAs same) {
            Optional<Variant> target = find(function, same.symbol());
            if (target.isEmpty() || !(target.get().body() instanceof Own)) {
                throw problem(
                        variant.position(),
                        same.symbol() + " is no variant of its own in " + function.name());
            }
        }
        if (variant.foreign()
                && variant.parameters().isEmpty()
                && !(variant.body() instanceof SameAs)) {
            throw problem(variant.position(), variant.symbol() + " is ffm but has no parameters");
        }
        variant.parameters().ifPresent(this::checkParameters);
    }

    static Optional<Variant> find(Function function, String symbol) {
        return function.variants().stream().filter(v -> v.symbol().equals(symbol)).findFirst();
    }

    private void checkParameters(List<Parameter> parameters) {
        Set<String> seen = new HashSet<>();
        for (Parameter parameter : parameters) {
            if (!seen.add(parameter.name())) {
                throw problem(parameter.position(), "parameter " + parameter.name() + " is twice");
            }
            known(parameter.type(), parameter.position());
            boolean pointer = parameter.type().stars() > 0;
            if (pointer == (parameter.direction() == Direction.VALUE)) {
                throw problem(
                        parameter.position(),
                        parameter.name()
                                + (pointer
                                        ? " is a pointer without direction"
                                        : " is no pointer but has a direction"));
            }
        }
        for (Parameter parameter : parameters) {
            String length = parameter.length().orElse("text");
            if (!length.equals("text")
                    && !seen.contains(length)
                    && !Character.isDigit(length.charAt(0))) {
                throw problem(
                        parameter.position(),
                        "length '" + length + "' (expected: a parameter, a number or text)");
            }
        }
    }

    private void known(Specification.CType type, Position position) {
        if (!cTypes.contains(type.name())) {
            throw problem(position, "unknown type " + type.name());
        }
    }

    private void unique(String what, String name, Position position) {
        Position other = names.put(name, position);
        if (other != null) {
            throw problem(position, what + " " + name + " is declared twice (" + other + ")");
        }
    }

    private static SpecificationException problem(Position position, String text) {
        return new SpecificationException(position, text);
    }
}
