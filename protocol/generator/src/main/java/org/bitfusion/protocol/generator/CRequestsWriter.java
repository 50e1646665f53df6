package org.bitfusion.protocol.generator;

import java.util.List;
import org.bitfusion.protocol.generator.Specification.Field;
import org.bitfusion.protocol.generator.Specification.Message;

/// Writes `bf_requests.h`: for each message that a program sends to a worker the function that
/// makes its frame and sends it, and of those that are answered waits for the answer and reads it.
final class CRequestsWriter {
    private final Specification specification;
    private final Sizes sizes;

    CRequestsWriter(Specification specification) {
        this.specification = specification;
        this.sizes = new Sizes(specification);
    }

    Source source() {
        Source out = new Source();
        out.resource("requests-preface.txt");
        for (Message message : specification.messages()) {
            if (message.sender() == Specification.Sender.CLIENT) {
                functions(out, message, Names.snake(message.name()));
            }
        }
        out.blank().line("#endif");
        return out;
    }

    private void functions(Source out, Message message, String name) {
        if (Sizes.hasPayload(message.fields())) {
            payload(out, name);
        } else if (message.answer().isEmpty()) {
            oneWay(out, message, name, "bf_send");
            if (sizes.fixed(message.fields())) {
                oneWay(out, message, name, "bf_send_exempt");
            }
        } else {
            ask(out, message, name, message.answer().get());
        }
    }

    private static void payload(Source out, String name) {
        out.blank();
        out.line("static inline CUresult bf_send_%s(struct bf_connection *c,", name);
        out.line(
                "    const struct bf_%s *m, uint32_t payload_bytes, const struct iovec *payload,",
                name);
        out.line("    int parts, struct bf_loan *loan)");
        out.open("{");
        out.line("uint8_t head[BF_FRAME_BYTES + BF_%s_MINIMUM];", Names.upper(name));
        out.line("size_t bytes = bf_%s_frame(head, m, payload_bytes);", name);
        out.line("return bf_send_payload(c, head, bytes, payload, parts, loan);");
        out.close("}");
    }

    private void oneWay(Source out, Message message, String name, String send) {
        out.blank();
        out.line(
                "static inline CUresult %s_%s(struct bf_connection *c, const struct bf_%s *m)",
                send, name, name);
        out.open("{");
        frame(out, message, name);
        out.line("CUresult status = %s(c, frame, bf_%s_frame(frame, m));", send, name);
        end(out, message);
        out.line("return status;");
        out.close("}");
    }

    private void ask(Source out, Message message, String name, List<Field> answer) {
        boolean views = !sizes.fixed(answer);
        out.blank();
        out.line(
                "static inline CUresult bf_ask_%s(struct bf_connection *c, const struct bf_%s *m%s%s)",
                name,
                name,
                answer.isEmpty() ? "" : ", struct bf_" + name + "_answer *a",
                views ? ", struct bf_answer *kept" : "");
        out.open("{");
        if (!views) {
            out.line("struct bf_answer answer;");
            out.line("struct bf_answer *kept = &answer;");
        }
        if (!sizes.fixed(message.fields())) {
            out.line("*kept = (struct bf_answer){0};");
        }
        frame(out, message, name);
        out.line("uint32_t request = bf_next_request(c);");
        out.line(
                "CUresult status = bf_ask(c, frame, bf_%s_frame(frame, m, request), request, kept);",
                name);
        end(out, message);
        if (!answer.isEmpty()) {
            out.line(
                    "if (status == CUDA_SUCCESS && !bf_%s_answer_read(kept->body, kept->length, a))",
                    name);
            out.line("    status = CUDA_ERROR_UNKNOWN;");
        }
        if (!views) {
            out.line("bf_answer_free(kept);");
        }
        out.line("return status;");
        out.close("}");
    }

    /// Room for the frame: on the stack unless the message is long.
    private void frame(Source out, Message message, String name) {
        if (sizes.fixed(message.fields())) {
            out.line("uint8_t frame[BF_FRAME_BYTES + BF_%s_MINIMUM];", Names.upper(name));
            return;
        }
        out.line("uint8_t inlined[BF_SHORT_FRAME];");
        out.line("size_t bytes = BF_FRAME_BYTES + bf_%s_bytes(m);", name);
        out.line("uint8_t *frame = bytes <= sizeof inlined ? inlined : (uint8_t *)malloc(bytes);");
        out.line("if (!frame)");
        out.line("    return CUDA_ERROR_OUT_OF_MEMORY;");
    }

    private void end(Source out, Message message) {
        if (!sizes.fixed(message.fields())) {
            out.line("if (frame != inlined)");
            out.line("    free(frame);");
        }
    }
}
