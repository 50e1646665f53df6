package org.bitfusion.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A network of its own in which nothing is faster than 1 Gbit/s: a network namespace whose
/// loopback has a token bucket filter (tc-tbf(8)). An appliance, a program that uses it and a plain
/// sender and receiver live in it. Needs root.
final class SlowLink implements AutoCloseable {
    private final List<AutoCloseable> open = new ArrayList<>();
    private final Dialogue client;
    private final Dialogue network;

    SlowLink(Path distribution, Path programs, Path folder)
            throws IOException, InterruptedException {
        Namespace namespace = new Namespace("link");
        open.add(namespace);
        try {
            namespace.run(
                    "tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", "1gbit", "burst",
                    "256kb", "latency", "20ms");
            BenchAppliance appliance =
                    new BenchAppliance(
                            namespace.prefix(),
                            distribution,
                            folder,
                            folder.resolve("access.secret"));
            open.add(appliance);
            client =
                    new Dialogue(
                            namespace.command(programs.resolve("client").toString()),
                            appliance.environment());
            open.add(client);
            network =
                    new Dialogue(
                            namespace.command(programs.resolve("network").toString()), Map.of());
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

    @Override
    public void close() throws IOException {
        closeAll(open);
    }

    /// In the opposite order; ends what is there even if some of it fails.
    static void closeAll(List<AutoCloseable> parts) throws IOException {
        IOException first = null;
        for (AutoCloseable part : parts.reversed()) {
            try {
                part.close();
            } catch (Exception e) {
                first = first == null ? new IOException(e) : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
