package org.bitfusion.protocol.generator;

import java.util.List;
import java.util.Locale;
import org.bitfusion.protocol.generator.Specification.Message;
import org.bitfusion.protocol.generator.Specification.Sender;

/// Writes for each sender the interface of who handles its messages, and the dispatcher that
/// decodes for it.
final class JavaDispatchWriter {
    private final Specification specification;

    JavaDispatchWriter(Specification specification) {
        this.specification = specification;
    }

    static String name(Sender sender) {
        return Names.pascal(sender.name().toLowerCase(Locale.ROOT));
    }

    static String handlerName(Sender sender) {
        return name(sender) + "MessageHandler";
    }

    private List<Message> sentBy(Sender sender) {
        return specification.messages().stream().filter(m -> m.sender() == sender).toList();
    }

    Source handler(Sender sender) {
        Source out = new Source();
        out.line("package %s;", JavaMessagesWriter.PACKAGE).blank();
        out.line("import java.io.IOException;").line("import java.nio.ByteBuffer;").blank();
        out.line(
                "/// Takes the messages that %s sends; generated from protocol/spec.",
                described(sender));
        out.line("///");
        out.line(
                "/// Buffers inside a message, and `buffered`, are only valid during the call. A method with a payload must take all of");
        out.line("/// it: what is left in `buffered`, and the rest from the connection.");
        out.open("public interface %s {", handlerName(sender));
        boolean first = true;
        for (Message message : sentBy(sender)) {
            if (!first) {
                out.blank();
            }
            first = false;
            out.line(
                    "void %s(%s) throws IOException;",
                    Names.camel(message.name()), parameters(message));
        }
        out.close("}");
        return out;
    }

    private static String described(Sender sender) {
        return switch (sender) {
            case CLIENT -> "a program";
            case WORKER -> "a worker";
            case LEASE -> "a command line or a shim to the dispatcher";
        };
    }

    static String parameters(Message message) {
        return (message.answer().isPresent() ? "int request, " : "")
                + Names.pascal(message.name())
                + " message"
                + (Sizes.hasPayload(message.fields())
                        ? ", int payloadBytes, ByteBuffer buffered"
                        : "");
    }

    Source dispatcher(Sender sender) {
        List<Message> messages = sentBy(sender);
        Source out = new Source();
        out.line("package %s;", JavaMessagesWriter.PACKAGE).blank();
        out.line("import java.io.IOException;");
        out.line("import java.nio.ByteBuffer;");
        out.line("import java.nio.ByteOrder;");
        out.line("import org.bitfusion.protocol.ProtocolException;");
        out.line("import org.bitfusion.protocol.Wire;").blank();
        out.line(
                "/// Decodes the messages that %s sends; generated from protocol/spec.",
                described(sender));
        out.open("public final class %sMessages {", name(sender));
        out.line("private %sMessages() {}", name(sender));
        buffered(out, messages);
        dispatch(out, sender, messages);
        names(out, messages);
        out.close("}");
        return out;
    }

    private static void buffered(Source out, List<Message> messages) {
        out.blank();
        out.line("/// Checks a frame's header before anything of its body is kept.");
        out.line("///");
        out.line("/// @param length of the body, as the header says");
        out.line(
                "/// @return how many bytes of the body `dispatch` needs: all, or those before the payload");
        out.line(
                "/// @throws ProtocolException if there is no such message or it cannot have this length");
        out.open(
                "public static int bytesToBuffer(int call, int length) throws ProtocolException {");
        out.open("return switch (call) {");
        for (Message message : messages) {
            String type = Names.pascal(message.name());
            boolean payload = Sizes.hasPayload(message.fields());
            out.line(
                    "case %s.CALL -> Wire.checkedLength(%s, length, %s.MINIMUM_BYTES, %s.MAXIMUM_BYTES, \"%s\");",
                    type, payload ? type + ".MINIMUM_BYTES" : "length", type, type, message.name());
        }
        out.line("default -> throw ProtocolException.unknownCall(call);");
        out.close("};").close("}");
    }

    private static void dispatch(Source out, Sender sender, List<Message> messages) {
        out.blank();
        out.line("/// Decodes one frame's body and hands it over.");
        out.line("///");
        out.line(
                "/// @param request as the header says; 0 exactly for messages that are not answered");
        out.line("/// @param length of the body with payload, as the header says");
        out.line(
                "/// @param body from its position to its limit the body, or its first bytes if there is a payload");
        out.line(
                "/// @throws ProtocolException if the bytes are not what the specification says; then nothing was handed over");
        out.open(
                "public static void dispatch(int call, int request, int length, ByteBuffer body, %s handler) throws IOException {",
                handlerName(sender));
        out.line("body.order(ByteOrder.LITTLE_ENDIAN);");
        out.open("switch (call) {");
        for (Message message : messages) {
            String type = Names.pascal(message.name());
            boolean payload = Sizes.hasPayload(message.fields());
            boolean answered = message.answer().isPresent();
            out.open("case %s.CALL -> {", type);
            out.line("Wire.requireRequest(%b, request, \"%s\");", answered, message.name());
            out.line("%s message = %s.read(body);", type, type);
            out.line(
                    "handler.%s(%smessage%s);",
                    Names.camel(message.name()),
                    answered ? "request, " : "",
                    payload ? ", length - " + type + ".MINIMUM_BYTES, body" : "");
            out.close("}");
        }
        out.line("default -> throw ProtocolException.unknownCall(call);");
        out.close("}").close("}");
    }

    private static void names(Source out, List<Message> messages) {
        out.blank();
        out.line("/// @return the message's name in the specification, for logs");
        out.open("public static String name(int call) {");
        out.open("return switch (call) {");
        for (Message message : messages) {
            out.line("case %s.CALL -> \"%s\";", Names.pascal(message.name()), message.name());
        }
        out.line("default -> \"unknown\";");
        out.close("};").close("}");
    }
}
