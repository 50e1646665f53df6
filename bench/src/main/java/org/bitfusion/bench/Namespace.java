package org.bitfusion.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// A network of its own with nothing but a loopback interface: a network namespace. Needs root and
/// iproute2.
final class Namespace implements AutoCloseable {
    private final String name;

    /// @param purpose one namespace of this process has it
    Namespace(String purpose) throws IOException, InterruptedException {
        name = "bitfusion-bench-" + purpose + "-" + ProcessHandle.current().pid();
        execute(List.of("ip", "netns", "add", name));
        run("ip", "link", "set", "lo", "up");
    }

    /// A command's beginning that makes it run inside.
    List<String> prefix() {
        return List.of("ip", "netns", "exec", name);
    }

    List<String> command(String... command) {
        List<String> all = new ArrayList<>(prefix());
        all.addAll(List.of(command));
        return all;
    }

    /// Runs a command inside to its end.
    void run(String... command) throws IOException, InterruptedException {
        execute(command(command));
    }

    private static void execute(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(
                    String.join(" ", command) + ": " + text.strip() + " (needs root, iproute2)");
        }
    }

    @Override
    public void close() throws IOException {
        try {
            execute(List.of("ip", "netns", "delete", name));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
