package org.bitfusion.protocol.generator;

import java.util.List;
import org.bitfusion.protocol.generator.Specification.Composite;
import org.bitfusion.protocol.generator.Specification.Constant;
import org.bitfusion.protocol.generator.Specification.Field;
import org.bitfusion.protocol.generator.Specification.Message;

/// Writes `bf_messages.h`: a structure per message with its encoder and its decoder.
final class CMessagesWriter {
    private final Specification specification;
    private final Sizes sizes;

    CMessagesWriter(Specification specification) {
        this.specification = specification;
        this.sizes = new Sizes(specification);
    }

    Source source() {
        Source out = new Source();
        out.resource("messages-preface.txt");
        constants(out);
        out.resource("messages-support.txt");
        for (Composite composite : specification.records().values()) {
            structure(out, composite.name(), composite.fields());
            functions(out, composite.name(), composite.fields(), true);
        }
        for (Message message : specification.messages()) {
            String name = Names.snake(message.name());
            structure(out, name, message.fields());
            functions(out, name, message.fields(), false);
            frame(out, message, name, message.fields(), false);
            message.answer()
                    .ifPresent(answer -> {
                        structure(out, name + "_answer", answer);
                        functions(out, name + "_answer", answer, false);
                        frame(out, message, name + "_answer", answer, true);
                    });
        }
        nameOfCall(out);
        out.blank().line("#endif");
        return out;
    }

    private void constants(Source out) {
        out.blank();
        for (Constant constant : specification.constants().values()) {
            if (!constant.ofDriver()) {
                out.line("#define BF_%s %du", constant.name(), constant.value());
            }
        }
        out.blank().open("enum bf_call {");
        for (Message message : specification.messages()) {
            out.line("BF_CALL_%s = 0x%04x,", Names.upper(message.name()), message.number());
        }
        out.close("};").blank();
    }

    private void structure(Source out, String name, List<Field> fields) {
        out.blank();
        for (Field field : fields) {
            long maximum = maximum(field.type());
            if (maximum > 0) {
                out.line(
                        "#define BF_%s_%s_MAX %du",
                        Names.upper(name), Names.upper(field.name()), maximum);
            }
        }
        out.line("#define BF_%s_MINIMUM %du", Names.upper(name), sizes.minimum(fields));
        boolean fixed = sizes.fixed(withoutPayload(fields));
        out.line("#define BF_%s_FIXED %d", Names.upper(name), fixed ? 1 : 0);
        out.open("struct bf_%s {", name);
        List<Field> members = withoutPayload(fields);
        for (Field field : members) {
            out.line("%s;", member(field));
        }
        if (members.isEmpty()) {
            out.line("char empty; /* not on the wire */");
        }
        out.close("};");
    }

    private static long maximum(FieldType type) {
        return switch (type) {
            case FieldType.Text text -> text.maximum();
            case FieldType.Bytes bytes -> bytes.maximum();
            case FieldType.Payload payload -> payload.maximum();
            case FieldType.Array array -> array.maximum();
            case FieldType.Scalar scalar -> 0;
            case FieldType.Handle handle -> 0;
            case FieldType.Opaque opaque -> 0;
            case FieldType.Reference reference -> 0;
        };
    }

    static List<Field> withoutPayload(List<Field> fields) {
        return Sizes.hasPayload(fields) ? fields.subList(0, fields.size() - 1) : fields;
    }

    private static String member(Field field) {
        return switch (field.type()) {
            case FieldType.Scalar scalar -> scalar.cType() + " " + field.name();
            case FieldType.Handle handle -> "uint64_t " + field.name();
            case FieldType.Opaque opaque -> "uint8_t " + field.name() + "[" + opaque.bytes() + "]";
            case FieldType.Reference reference ->
                    "struct bf_" + reference.record() + " " + field.name();
            case FieldType.Text text -> "struct bf_view " + field.name();
            case FieldType.Bytes bytes -> "struct bf_view " + field.name();
            case FieldType.Array array -> "struct bf_view " + field.name();
            case FieldType.Payload payload ->
                    throw new IllegalStateException("a payload is no member");
        };
    }

    private void functions(Source out, String name, List<Field> fields, boolean record) {
        List<Field> members = withoutPayload(fields);
        bytes(out, name, members);
        write(out, name, members, record);
        take(out, name, members, record);
        if (!record) {
            read(out, name, fields);
        }
    }

    private void bytes(Source out, String name, List<Field> members) {
        out.blank();
        out.line("static inline size_t bf_%s_bytes(const struct bf_%s *m)", name, name);
        out.open("{");
        StringBuilder sum = new StringBuilder("BF_" + Names.upper(name) + "_MINIMUM");
        for (Field field : members) {
            switch (field.type()) {
                case FieldType.Reference reference when !sizes.fixed(reference) ->
                        sum.append(" - BF_")
                                .append(Names.upper(reference.record()))
                                .append("_MINIMUM + bf_")
                                .append(reference.record())
                                .append("_bytes(&m->")
                                .append(field.name())
                                .append(")");
                case FieldType.Text text ->
                        sum.append(" + m->").append(field.name()).append(".bytes");
                case FieldType.Bytes text ->
                        sum.append(" + m->").append(field.name()).append(".bytes");
                case FieldType.Array text ->
                        sum.append(" + m->").append(field.name()).append(".bytes");
                default -> {}
            }
        }
        out.line("(void)m;");
        out.line("return %s;", sum);
        out.close("}");
    }

    private void write(Source out, String name, List<Field> members, boolean record) {
        out.blank();
        out.line(
                "static inline uint8_t *bf_%s_write(uint8_t *out, const struct bf_%s *m)",
                name, name);
        out.open("{");
        for (Field field : members) {
            String f = field.name();
            boolean last = !record && Sizes.isLast(members, field);
            switch (field.type()) {
                case FieldType.Reference reference ->
                        out.line("out = bf_%s_write(out, &m->%s);", reference.record(), f);
                case FieldType.Text text -> out.line("out = bf_put_text(out, &m->%s);", f);
                case FieldType.Bytes bytes when last ->
                        out.line("out = bf_put(out, m->%s.data, m->%s.bytes);", f, f);
                case FieldType.Bytes bytes -> out.line("out = bf_put_counted(out, &m->%s);", f);
                case FieldType.Array array -> out.line("out = bf_put_counted(out, &m->%s);", f);
                default -> out.line("out = bf_put(out, &m->%s, sizeof m->%s);", f, f);
            }
        }
        out.line("(void)m;");
        out.line("return out;");
        out.close("}");
    }

    /// The reader that goes on from where another stopped.
    private void take(Source out, String name, List<Field> members, boolean record) {
        out.blank();
        out.line(
                "static inline bool bf_%s_take(struct bf_reader *reader, struct bf_%s *m)",
                name, name);
        out.open("{");
        out.line("bool good = bf_has(reader, BF_%s_MINIMUM);", Names.upper(name));
        out.line("(void)m;");
        boolean allFixed = sizes.fixed(members);
        if (allFixed && !members.isEmpty()) {
            out.open("if (good) {");
            for (Field field : members) {
                if (field.type() instanceof FieldType.Reference reference) {
                    out.line(
                            "good = bf_%s_take(reader, &m->%s);", reference.record(), field.name());
                } else {
                    out.line("bf_get(reader, &m->%s, sizeof m->%s);", field.name(), field.name());
                }
            }
            out.close("}");
        } else {
            for (Field field : members) {
                takeField(out, field, !record && Sizes.isLast(members, field));
            }
        }
        out.line("return good;");
        out.close("}");
    }

    private void takeField(Source out, Field field, boolean last) {
        String f = field.name();
        switch (field.type()) {
            case FieldType.Reference reference ->
                    out.line("good = good && bf_%s_take(reader, &m->%s);", reference.record(), f);
            case FieldType.Text text ->
                    out.line("good = good && bf_get_text(reader, &m->%s, %du);", f, text.maximum());
            case FieldType.Bytes bytes when last -> {
                out.line(
                        "good = good && (size_t)(reader->end - reader->at) <= %du;",
                        bytes.maximum());
                out.line(
                        "good = good && bf_get_view(reader, &m->%s, (uint32_t)(reader->end - reader->at));",
                        f);
                out.line("if (good)").line("    m->%s.count = m->%s.bytes;", f, f);
            }
            case FieldType.Bytes bytes ->
                    out.line(
                            "good = good && bf_get_count(reader, &m->%s.count, %du) &&"
                                    + " bf_get_view(reader, &m->%s, m->%s.count);",
                            f, bytes.maximum(), f, f);
            case FieldType.Array array -> takeArray(out, f, array);
            default -> {
                out.line("good = good && bf_has(reader, sizeof m->%s);", f);
                out.line("if (good)").line("    bf_get(reader, &m->%s, sizeof m->%s);", f, f);
            }
        }
    }

    private void takeArray(Source out, String f, FieldType.Array array) {
        out.line("good = good && bf_get_count(reader, &m->%s.count, %du);", f, array.maximum());
        if (sizes.fixed(array.element())) {
            out.line(
                    "good = good && bf_get_view(reader, &m->%s, m->%s.count * %du);",
                    f, f, sizes.minimum(array.element(), false));
            return;
        }
        String record = ((FieldType.Reference) array.element()).record();
        out.open("if (good) {");
        out.line("m->%s.data = reader->at;", f);
        out.open("for (uint32_t i = 0; good && i < m->%s.count; i++) {", f);
        out.line("struct bf_%s element;", record);
        out.line("good = bf_%s_take(reader, &element);", record);
        out.close("}");
        out.line("m->%s.bytes = (uint32_t)(reader->at - m->%s.data);", f, f);
        out.close("}");
    }

    private static void read(Source out, String name, List<Field> fields) {
        out.blank();
        out.line(
                "static inline bool bf_%s_read(const uint8_t *in, size_t bytes, struct bf_%s *m)",
                name, name);
        out.open("{");
        out.line("struct bf_reader reader = {in, in + bytes};");
        out.line(
                Sizes.hasPayload(fields)
                        ? "return bf_%s_take(&reader, m);"
                        : "return bf_%s_take(&reader, m) && reader.at == reader.end;",
                name);
        out.close("}");
    }

    private void frame(
            Source out, Message message, String name, List<Field> fields, boolean answer) {
        boolean payload = Sizes.hasPayload(fields);
        boolean request = message.answer().isPresent();
        out.blank();
        out.line(
                "static inline size_t bf_%s_frame(uint8_t *out, const struct bf_%s *m%s%s)",
                name,
                name,
                request ? ", uint32_t request" : "",
                payload ? ", uint32_t payload_bytes" : "");
        out.open("{");
        out.line("size_t body = bf_%s_bytes(m);", name);
        out.line(
                "out = bf_frame_write(out, body%s, BF_CALL_%s, %s, %s, 0);",
                payload ? " + payload_bytes" : "",
                Names.upper(message.name()),
                answer ? "BF_FLAG_ANSWER" : "0",
                request ? "request" : "0");
        out.line("bf_%s_write(out, m);", name);
        out.line("return BF_FRAME_BYTES + body;");
        out.close("}");
    }

    private void nameOfCall(Source out) {
        out.blank().line("static inline const char *bf_call_name(uint16_t call)").open("{");
        out.line("const char *name = \"unknown\";");
        out.open("switch (call) {");
        for (Message message : specification.messages()) {
            out.line("case BF_CALL_%s:", Names.upper(message.name()));
            out.line("    name = \"%s\";", message.name());
            out.line("    break;");
        }
        out.line("default:").line("    break;");
        out.close("}");
        out.line("return name;").close("}");
    }
}
