package org.bitfusion.protocol.generator;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.bitfusion.protocol.generator.Specification.Composite;
import org.bitfusion.protocol.generator.Specification.Field;
import org.bitfusion.protocol.generator.Specification.Message;
import org.bitfusion.protocol.generator.Specification.Sender;

/// Writes a Java record for each message and each answer, for each sender a handler with its
/// dispatcher, and who forwards a program's messages by what they are about.
final class JavaMessagesWriter {
    static final String PACKAGE = "org.bitfusion.protocol.message";

    private final Specification specification;
    private final Sizes sizes;
    private final JavaFieldWriter fieldWriter;

    JavaMessagesWriter(Specification specification) {
        this.specification = specification;
        this.sizes = new Sizes(specification);
        this.fieldWriter = new JavaFieldWriter(sizes);
    }

    void write(Path directory) throws IOException {
        Path folder = directory.resolve(PACKAGE.replace('.', '/'));
        Source info = new Source();
        info.line(
                "/// The messages of the wire as records; generated from protocol/spec. Never opens a socket.");
        info.line("@org.jspecify.annotations.NullMarked").line("package %s;", PACKAGE);
        info.write(folder.resolve("package-info.java"));
        for (Composite composite : specification.records().values()) {
            String name = Names.pascal(composite.name());
            record(name, composite.name(), composite.fields(), Optional.empty(), false)
                    .write(folder.resolve(name + ".java"));
        }
        for (Message message : specification.messages()) {
            String name = Names.pascal(message.name());
            record(name, message.name(), message.fields(), Optional.of(message), false)
                    .write(folder.resolve(name + ".java"));
            if (message.answer().isPresent()) {
                record(
                                name + "Answer",
                                message.name(),
                                message.answer().get(),
                                Optional.of(message),
                                true)
                        .write(folder.resolve(name + "Answer.java"));
            }
        }
        JavaDispatchWriter dispatch = new JavaDispatchWriter(specification);
        for (Sender sender : Sender.values()) {
            dispatch.handler(sender)
                    .write(folder.resolve(JavaDispatchWriter.handlerName(sender) + ".java"));
            dispatch.dispatcher(sender)
                    .write(folder.resolve(JavaDispatchWriter.name(sender) + "Messages.java"));
        }
        new JavaForwardWriter(specification.messages()).write(folder);
    }

    private Source record(
            String name,
            String wireName,
            List<Field> fields,
            Optional<Message> message,
            boolean answer) {
        Source out = new Source();
        out.line("package %s;", PACKAGE).blank();
        out.line("import java.nio.ByteBuffer;");
        out.line("import java.nio.ByteOrder;");
        out.line("import org.bitfusion.protocol.FrameHeader;");
        out.line("import org.bitfusion.protocol.ProtocolException;");
        out.line("import org.bitfusion.protocol.Wire;").blank();
        out.line(
                "/// %s `%s`; generated from protocol/spec.",
                message.isEmpty()
                        ? "The wire's record"
                        : answer ? "What a good answer carries to" : "The message",
                wireName);
        out.line("@SuppressWarnings(\"unused\")");
        List<Field> members = CMessagesWriter.withoutPayload(fields);
        out.open(
                "public record %s(%s) {",
                name,
                members.stream()
                        .map(f ->
                                JavaFieldWriter.javaType(f.type())
                                        + " "
                                        + JavaFieldWriter.component(f))
                        .collect(Collectors.joining(", ")));
        message.ifPresent(m ->
                out.line("/// The message's number.")
                        .line("public static final int CALL = 0x%04x;", m.number()));
        out.line(
                "/// The fewest bytes of a body%s.",
                Sizes.hasPayload(fields) ? " without payload" : "");
        out.line("public static final int MINIMUM_BYTES = %d;", sizes.minimum(fields));
        if (message.isPresent()) {
            out.line("/// The most bytes of a body.");
            out.line("public static final int MAXIMUM_BYTES = %d;", sizes.maximum(fields));
        }
        read(out, name, wireName, fields, message.isEmpty());
        bytes(out, members);
        write(out, members, message.isEmpty());
        message.ifPresent(m -> frame(out, m, fields, answer));
        out.close("}");
        return out;
    }

    private void read(
            Source out, String name, String wireName, List<Field> fields, boolean nested) {
        List<Field> members = CMessagesWriter.withoutPayload(fields);
        boolean payload = Sizes.hasPayload(fields);
        out.blank();
        out.line(
                nested
                        ? "/// Reads from the buffer's position on."
                        : payload
                                ? "/// Reads the fields before the payload; what follows stays in the buffer."
                                : "/// Reads a whole body: the buffer's remaining bytes, which must all belong to it.");
        out.line("public static %s read(ByteBuffer in) throws ProtocolException {", name);
        boolean fixed = sizes.fixed(members);
        out.line(
                "    Wire.%s(in, MINIMUM_BYTES, \"%s\");",
                fixed && !nested && !payload ? "requireExactly" : "require", wireName);
        if (fixed || nested || payload) {
            out.line("    return new %s(%s);", name, reads(members, nested));
        } else {
            out.line("    %s message = new %s(%s);", name, name, reads(members, false));
            out.line("    Wire.requireEnd(in, \"%s\");", wireName);
            out.line("    return message;");
        }
        out.line("}");
    }

    /// The fewest bytes were required before, so fields ahead of the first variable one are read
    /// without another check.
    private String reads(List<Field> members, boolean nested) {
        List<String> expressions = new ArrayList<>();
        boolean checked = true;
        for (Field field : members) {
            boolean last = !nested && Sizes.isLast(members, field);
            expressions.add(fieldWriter.read(field.type(), last, checked));
            checked &= sizes.fixed(field.type());
        }
        return String.join(", ", expressions);
    }

    private void bytes(Source out, List<Field> members) {
        out.blank().line("/// @return the bytes that the fields take on the wire");
        out.open("public int wireBytes() {");
        StringBuilder sum = new StringBuilder("MINIMUM_BYTES");
        for (Field field : members) {
            sum.append(fieldWriter.extraBytes(field));
        }
        out.line("return %s;", sum).close("}");
    }

    private void write(Source out, List<Field> members, boolean nested) {
        out.blank().line("/// Writes the fields; the buffer's order must be little-endian.");
        out.open("public void write(ByteBuffer out) {");
        for (Field field : members) {
            out.line(
                    "%s;",
                    fieldWriter.write(
                            field.type(),
                            JavaFieldWriter.component(field),
                            !nested && Sizes.isLast(members, field)));
        }
        out.close("}");
    }

    private static void frame(Source out, Message message, List<Field> fields, boolean answer) {
        boolean payload = Sizes.hasPayload(fields);
        boolean request = message.answer().isPresent();
        out.blank();
        out.line(
                "/// Writes the frame's header and the fields%s.",
                payload ? "; the payload follows" : "");
        out.open(
                "public void writeFrame(ByteBuffer out%s%s) {",
                request ? ", int request" : "", payload ? ", int payloadBytes" : "");
        out.line("out.order(ByteOrder.LITTLE_ENDIAN);");
        out.line(
                "FrameHeader.write(out, wireBytes()%s, CALL, %s, %s, 0);",
                payload ? " + payloadBytes" : "",
                answer ? "FrameHeader.ANSWER" : "0",
                request ? "request" : "0");
        out.line("write(out);");
        out.close("}");
    }
}
