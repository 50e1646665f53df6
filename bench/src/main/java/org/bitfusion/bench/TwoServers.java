package org.bitfusion.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// A network of its own with two servers, each at the end of a link of 1 Gbit/s in each direction:
/// token buckets (tc-htb(8)) in front of and behind their data ports. A relay in front of both
/// makes the links long. Copies between the servers go through the client.
final class TwoServers implements AutoCloseable {
    private static final double ROUND_TRIP_MILLISECONDS = 30;
    private static final String FAR = "127.0.0.2";
    private static final double TO_MEGA = 1e-6;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final Dialogue near;
    private final Dialogue far;
    private final Dialogue network;

    TwoServers(Path distribution, Path programs, Path folder)
            throws IOException, InterruptedException {
        Namespace namespace = new Namespace("servers");
        open.add(namespace);
        try {
            Path secret = Files.createDirectories(folder).resolve("access.secret");
            BenchAppliance first = appliance(namespace, distribution, folder, "first", secret);
            BenchAppliance second = appliance(namespace, distribution, folder, "second", secret);
            if (first.dataPorts() == second.dataPorts()) {
                throw new IOException("both servers chose the same ports; once more");
            }
            limit(namespace, first, second);
            open.add(relay(namespace, folder, first, second));
            String client = programs.resolve("client").toString();
            near = dialogue(namespace, client, first.environment("127.0.0.1", second));
            far = dialogue(namespace, client, first.environment(FAR, second));
            int spare = second.dataPorts() + BenchAppliance.PORT_BLOCK - 1;
            network =
                    new Dialogue(
                            namespace.command(
                                    programs.resolve("network").toString(),
                                    Integer.toString(spare)),
                            Map.of());
            open.add(network);
        } catch (IOException | InterruptedException e) {
            close();
            throw e;
        }
    }

    private BenchAppliance appliance(
            Namespace namespace, Path distribution, Path folder, String name, Path secret)
            throws IOException {
        BenchAppliance appliance =
                new BenchAppliance(namespace.prefix(), distribution, folder.resolve(name), secret);
        open.add(appliance);
        return appliance;
    }

    private Dialogue dialogue(Namespace namespace, String client, Map<String, String> environment)
            throws IOException {
        Map<String, String> throughClient = new HashMap<>(environment);
        throughClient.put("BF_DIRECT_COPIES", "off");
        Dialogue dialogue = new Dialogue(namespace.command(client), throughClient);
        open.add(dialogue);
        return dialogue;
    }

    /// One class for each direction of each link; what is no data of the servers is not limited.
    private static void limit(Namespace namespace, BenchAppliance... servers)
            throws IOException, InterruptedException {
        namespace.run("tc", "qdisc", "add", "dev", "lo", "root", "handle", "1:", "htb");
        int number = 1;
        for (BenchAppliance server : servers) {
            for (String direction : List.of("dst", "src")) {
                String name = "1:" + number++;
                namespace.run(
                        "tc", "class", "add", "dev", "lo", "parent", "1:", "classid", name, "htb",
                        "rate", "1gbit", "burst", "256kb", "cburst", "256kb", "quantum", "65536");
                namespace.run(
                        "tc", "qdisc", "add", "dev", "lo", "parent", name, "pfifo", "limit", "64");
                namespace.run(
                        "tc",
                        "filter",
                        "add",
                        "dev",
                        "lo",
                        "parent",
                        "1:",
                        "protocol",
                        "ip",
                        "u32",
                        "match",
                        "ip",
                        direction,
                        "127.0.0.1/32",
                        "match",
                        "ip",
                        direction.equals("dst") ? "dport" : "sport",
                        Integer.toString(server.dataPorts()),
                        "0x%04x".formatted(0x10000 - BenchAppliance.PORT_BLOCK),
                        "classid",
                        name);
            }
        }
    }

    private static AutoCloseable relay(
            Namespace namespace, Path folder, BenchAppliance first, BenchAppliance second)
            throws IOException {
        List<String> command =
                new ArrayList<>(
                        namespace.command(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                DelayingRelay.class.getName(),
                                FAR,
                                Double.toString(ROUND_TRIP_MILLISECONDS)));
        Stream.concat(first.ports().stream(), second.ports().stream())
                .map(port -> Integer.toString(port))
                .forEach(command::add);
        Process relay =
                new ProcessBuilder(command)
                        .redirectError(folder.resolve("relay.log").toFile())
                        .start();
        if (relay.inputReader().readLine() == null) {
            throw new IOException("no relay: " + Files.readString(folder.resolve("relay.log")));
        }
        return relay::destroy;
    }

    /// @param isFar with a round trip of 30 ms to each server
    double copied(boolean isFar) throws IOException {
        return (isFar ? far : near).ask("peer") * TO_MEGA;
    }

    /// Bytes a second of a plain C sender and receiver over one of the links, without delay.
    double plain() throws IOException {
        return network.ask("there_and_back") * TO_MEGA;
    }

    @Override
    public void close() throws IOException {
        SlowLink.closeAll(open);
    }
}
