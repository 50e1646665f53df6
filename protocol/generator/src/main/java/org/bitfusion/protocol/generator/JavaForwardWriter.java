package org.bitfusion.protocol.generator;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.bitfusion.protocol.generator.Specification.Message;
import org.bitfusion.protocol.generator.Specification.Sender;

/// Writes for each subject of a program's messages (`stream` of `stream.create`) the interface of
/// who handles those, and one who forwards all of them.
final class JavaForwardWriter {
    private static final Sender SENDER = Sender.CLIENT;

    private final Map<String, List<Message>> subjects = new LinkedHashMap<>();

    JavaForwardWriter(List<Message> messages) {
        for (Message message : messages) {
            if (message.sender() == SENDER) {
                subjects.computeIfAbsent(subject(message), _ -> new ArrayList<>()).add(message);
            }
        }
    }

    void write(Path folder) throws IOException {
        for (Map.Entry<String, List<Message>> subject : subjects.entrySet()) {
            handler(subject.getKey(), subject.getValue())
                    .write(folder.resolve(type(subject.getKey()) + ".java"));
        }
        forwarder().write(folder.resolve(name() + ".java"));
    }

    private static String name() {
        return JavaDispatchWriter.name(SENDER) + "MessageForwarder";
    }

    private static String subject(Message message) {
        return message.name().split("[.]", -1)[0];
    }

    private static String type(String subject) {
        return Names.pascal(subject) + "Handler";
    }

    /// `waitEvent` of `stream.wait_event`, `launch` of `launch`
    private static String method(Message message) {
        return Names.camel(message.name().substring(message.name().indexOf('.') + 1));
    }

    private static Source handler(String subject, List<Message> messages) {
        Source out = new Source();
        out.line("package %s;", JavaMessagesWriter.PACKAGE).blank();
        out.line("import java.io.IOException;");
        if (messages.stream().anyMatch(message -> Sizes.hasPayload(message.fields()))) {
            out.line("import java.nio.ByteBuffer;");
        }
        out.blank();
        out.line(
                "/// Takes a program's messages about `%s`, as [%s] does; generated from protocol/spec.",
                subject, JavaDispatchWriter.handlerName(SENDER));
        out.open("public interface %s {", type(subject));
        boolean first = true;
        for (Message message : messages) {
            if (!first) {
                out.blank();
            }
            first = false;
            out.line(
                    "void %s(%s) throws IOException;",
                    method(message), JavaDispatchWriter.parameters(message));
        }
        out.close("}");
        return out;
    }

    private Source forwarder() {
        Source out = new Source();
        out.line("package %s;", JavaMessagesWriter.PACKAGE).blank();
        out.line("import java.io.IOException;").line("import java.nio.ByteBuffer;").blank();
        out.line(
                "/// Hands each message to who handles its subject; generated from protocol/spec.");
        out.open(
                "public record %s(%s) implements %s {",
                name(),
                subjects.keySet().stream()
                        .map(subject -> type(subject) + " " + member(subject))
                        .collect(Collectors.joining(", ")),
                JavaDispatchWriter.handlerName(SENDER));
        boolean first = true;
        for (Map.Entry<String, List<Message>> subject : subjects.entrySet()) {
            for (Message message : subject.getValue()) {
                if (!first) {
                    out.blank();
                }
                first = false;
                out.line("@Override");
                out.open(
                        "public void %s(%s) throws IOException {",
                        Names.camel(message.name()), JavaDispatchWriter.parameters(message));
                out.line(
                        "%s.%s(%smessage%s);",
                        member(subject.getKey()),
                        method(message),
                        message.answer().isPresent() ? "request, " : "",
                        Sizes.hasPayload(message.fields()) ? ", payloadBytes, buffered" : "");
                out.close("}");
            }
        }
        out.close("}");
        return out;
    }

    /// A subject may have the name of its one message, `ping`: a record's method for the member
    /// would be in that one's way.
    private static String member(String subject) {
        return Names.camel(subject) + "Handler";
    }
}
