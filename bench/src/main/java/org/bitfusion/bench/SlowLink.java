package org.bitfusion.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A network of its own in which nothing is faster than 1 Gbit/s: a network namespace whose
/// loopback has a token bucket filter (tc-tbf(8)). An appliance, a program that uses it and a plain
/// sender and receiver live in it. Needs root.
final class SlowLink implements AutoCloseable {
    private final String name = "bitfusion-bench-" + ProcessHandle.current().pid();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final Dialogue client;
    private final Dialogue network;

    SlowLink(Path distribution, Path programs, Path folder)
            throws IOException, InterruptedException {
        run("ip", "netns", "add", name);
        open.add(() -> run("ip", "netns", "delete", name));
        try {
            inside("ip", "link", "set", "lo", "up");
            inside(
                    "tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", "1gbit", "burst",
                    "256kb", "latency", "20ms");
            BenchAppliance appliance = new BenchAppliance(prefix(), distribution, folder);
            open.add(appliance);
            client =
                    new Dialogue(
                            with(programs.resolve("client").toString()), appliance.environment());
            open.add(client);
            network = new Dialogue(with(programs.resolve("network").toString()), Map.of());
            open.add(network);
        } catch (IOException | InterruptedException e) {
            close();
            throw e;
        }
    }

    /// Bytes a second, to a device and back.
    double copied(String word) throws IOException {
        return client.ask(word);
    }

    /// The same of a plain C sender and receiver.
    double plain() throws IOException {
        return network.ask("there_and_back");
    }

    private List<String> prefix() {
        return List.of("ip", "netns", "exec", name);
    }

    private List<String> with(String... command) {
        List<String> all = new ArrayList<>(prefix());
        all.addAll(List.of(command));
        return all;
    }

    private void inside(String... command) throws IOException, InterruptedException {
        run(with(command).toArray(String[]::new));
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(
                    String.join(" ", command) + ": " + text.strip() + " (needs root, iproute2)");
        }
    }

    @Override
    public void close() throws IOException {
        for (AutoCloseable part : open.reversed()) {
            try {
                part.close();
            } catch (IOException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
    }
}
