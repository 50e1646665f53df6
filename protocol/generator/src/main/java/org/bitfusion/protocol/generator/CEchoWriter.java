package org.bitfusion.protocol.generator;

import java.util.List;
import org.bitfusion.protocol.generator.Specification.Composite;
import org.bitfusion.protocol.generator.Specification.Field;
import org.bitfusion.protocol.generator.Specification.Message;

/// Writes a C program for tests: it reads frames from its input, prints their fields in hexadecimal
/// on stderr and writes the frames again to its output. So C's readers and writers can be held
/// against Java's.
final class CEchoWriter {
    private static final String HEAD =
            """
            /* Reads frames, shows their fields, writes them again. Generated from protocol/spec; only for tests. */
            #include <stdio.h>
            #include <stdlib.h>

            #include "bf_messages.h"

            static void show_bytes(const char *name, const void *data, size_t bytes)
            {
                const uint8_t *at = data;
                fprintf(stderr, " %s=", name);
                for (size_t i = 0; i < bytes; i++)
                    fprintf(stderr, "%02x", at[i]);
            }

            static void show_number(const char *name, const void *data, size_t bytes)
            {
                const uint8_t *at = data;
                fprintf(stderr, " %s=", name);
                for (size_t i = bytes; i > 0; i--)
                    fprintf(stderr, "%02x", at[i - 1]);
            }
            """;

    private static final String TAIL =
            """

            int main(void)
            {
                static uint8_t in[BF_FRAME_BYTES + BF_MAX_BODY];
                static uint8_t out[BF_FRAME_BYTES + BF_MAX_BODY];
                struct bf_frame frame;
                while (fread(in, 1, BF_FRAME_BYTES, stdin) == BF_FRAME_BYTES) {
                    bf_frame_read(in, &frame);
                    uint8_t *body = in + BF_FRAME_BYTES;
                    if (frame.length > BF_MAX_BODY || fread(body, 1, frame.length, stdin) != frame.length)
                        return 2;
                    size_t written = echo(&frame, body, out);
                    if (written == 0) {
                        fprintf(stderr, "malformed\\n");
                        continue;
                    }
                    memcpy(out + written, body + (written - BF_FRAME_BYTES), frame.length - (written - BF_FRAME_BYTES));
                    if (fwrite(out, 1, BF_FRAME_BYTES + frame.length, stdout) != BF_FRAME_BYTES + frame.length)
                        return 4;
                }
                return 0;
            }
            """;

    private final Specification specification;

    CEchoWriter(Specification specification) {
        this.specification = specification;
    }

    Source source() {
        Source out = new Source();
        out.block(HEAD);
        for (Composite composite : specification.records().values()) {
            show(out, composite.name(), composite.fields());
        }
        for (Message message : specification.messages()) {
            String name = Names.snake(message.name());
            echo(out, message, name, message.fields());
            message.answer().ifPresent(answer -> echo(out, message, name + "_answer", answer));
        }
        dispatch(out);
        out.block(TAIL);
        return out;
    }

    private static void show(Source out, String name, List<Field> fields) {
        out.blank()
                .line(
                        "static __attribute__((unused)) void show_%s(const struct bf_%s *m)",
                        name, name)
                .open("{");
        out.line("(void)m;");
        for (Field field : CMessagesWriter.withoutPayload(fields)) {
            String f = field.name();
            switch (field.type()) {
                case FieldType.Reference reference ->
                        out.line("show_%s(&m->%s);", reference.record(), f);
                case FieldType.Opaque opaque ->
                        out.line("show_bytes(\"%s\", m->%s, sizeof m->%s);", f, f, f);
                case FieldType.Scalar scalar ->
                        out.line("show_number(\"%s\", &m->%s, sizeof m->%s);", f, f, f);
                case FieldType.Handle handle ->
                        out.line("show_number(\"%s\", &m->%s, sizeof m->%s);", f, f, f);
                default -> out.line("show_bytes(\"%s\", m->%s.data, m->%s.bytes);", f, f, f);
            }
        }
        out.close("}");
    }

    private static void echo(Source out, Message message, String name, List<Field> fields) {
        show(out, name, fields);
        boolean payload = Sizes.hasPayload(fields);
        boolean request = message.answer().isPresent();
        out.blank();
        out.line(
                "static size_t echo_%s(const struct bf_frame *frame, const uint8_t *body, uint8_t *out)",
                name);
        out.open("{");
        out.line("struct bf_%s m = {0};", name);
        out.line("if (!bf_%s_read(body, frame->length, &m))", name);
        out.line("    return 0;");
        out.line("fprintf(stderr, \"%s\");", name);
        out.line("show_%s(&m);", name);
        out.line("fprintf(stderr, \"\\n\");");
        out.line(
                "return bf_%s_frame(out, &m%s%s);",
                name,
                request ? ", frame->request" : "",
                payload ? ", frame->length - (uint32_t)bf_" + name + "_bytes(&m)" : "");
        out.close("}");
    }

    private void dispatch(Source out) {
        out.blank();
        out.line(
                "static size_t echo(const struct bf_frame *frame, const uint8_t *body, uint8_t *out)");
        out.open("{");
        out.line("bool answer = (frame->flags & BF_FLAG_ANSWER) != 0;");
        out.open("switch (frame->call) {");
        for (Message message : specification.messages()) {
            String name = Names.snake(message.name());
            out.line("case BF_CALL_%s:", Names.upper(message.name()));
            if (message.answer().isPresent()) {
                out.line(
                        "    return answer ? echo_%s_answer(frame, body, out) : echo_%s(frame, body, out);",
                        name, name);
            } else {
                out.line("    return answer ? 0 : echo_%s(frame, body, out);", name);
            }
        }
        out.line("default:").line("    return 0;");
        out.close("}").close("}");
    }
}
