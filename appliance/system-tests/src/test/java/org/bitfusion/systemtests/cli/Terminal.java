package org.bitfusion.systemtests.cli;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// An interactive bash on a pseudo-terminal, made by `script`. What is awaited is looked for after
/// what was awaited last.
final class Terminal implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final Process process;
    private final StringBuilder text = new StringBuilder();
    private int seen;

    private Terminal(Process process) {
        this.process = process;
    }

    static Terminal open(Map<String, String> environment) {
        List<String> command = new ArrayList<>(Cli.WITH_INTERRUPTS);
        command.addAll(List.of("script", "-qfec", "bash --norc --noediting -i", "/dev/null"));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.redirectErrorStream(true);
        builder.environment().putAll(environment);
        builder.environment().put("TERM", "dumb");
        try {
            Terminal terminal = new Terminal(builder.start());
            Thread.ofVirtual().start(terminal::read);
            return terminal;
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    private void read() {
        byte[] bytes = new byte[4096];
        try (InputStream input = process.getInputStream()) {
            for (int count = input.read(bytes); count >= 0; count = input.read(bytes)) {
                append(new String(bytes, 0, count, StandardCharsets.UTF_8));
            }
        } catch (IOException exception) {
            append("\n(terminal closed: " + exception.getMessage() + ")");
        }
    }

    private synchronized void append(String more) {
        text.append(more);
    }

    private synchronized boolean find(String wanted) {
        int at = text.indexOf(wanted, seen);
        if (at >= 0) {
            seen = at + wanted.length();
        }
        return at >= 0;
    }

    void type(String keys) {
        try {
            process.getOutputStream().write(keys.getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    void awaitText(String wanted) {
        try {
            await("terminal shows " + wanted)
                    .atMost(LIMIT)
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> find(wanted));
        } catch (RuntimeException exception) {
            throw new AssertionError(
                    "waiting for '" + wanted + "', the terminal shows:\n" + text, exception);
        }
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
