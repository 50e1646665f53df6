package org.bitfusion.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The rows and where their numbers come from.
final class Table implements AutoCloseable {
    /// A prestarted worker stands ready again this long after the last was taken; on the slowest of
    /// machines.
    private static final long WORKER_START_MILLISECONDS = 1500;

    private static final double TO_MICROSECONDS = 1e6;
    private static final double TO_MILLISECONDS = 1e3;
    private static final double TO_GIGA = 1e-9;
    private static final double TO_MEGA = 1e-6;
    private static final int LONG_KERNEL_LINES = 10_000;

    private final Path programs;
    private final Path folder;
    private final BenchAppliance appliance;
    private final BenchAppliance leasing;
    private final Dialogue client;
    private final Dialogue network;
    private final Dialogue scalar;
    private final Dialogue vectorised;
    private final Steps steps;
    private final Start start;
    private final Path distribution;
    private final Map<Integer, Grants> pools = new HashMap<>();
    private @Nullable SlowLink slow;
    private @Nullable TwoServers servers;
    private @Nullable DirectCopies direct;
    private @Nullable TlsCalls tls;
    private @Nullable PooledCommands pooled;
    private @Nullable WorkerMemory memory;

    /// @param leasing an appliance whose GPU nobody uses: the client's open session would make a
    ///   lease wait
    Table(
            Path distribution,
            Path programs,
            Path folder,
            BenchAppliance appliance,
            BenchAppliance leasing)
            throws IOException {
        this.distribution = distribution;
        this.programs = programs;
        this.folder = folder;
        this.appliance = appliance;
        this.leasing = leasing;
        client = new Dialogue(List.of(program("client")), appliance.environment());
        network = new Dialogue(List.of(program("network")), Map.of());
        scalar = new Dialogue(List.of(program("compute")), Map.of());
        vectorised = new Dialogue(List.of(program("compute-vectorised")), Map.of());
        steps = new Steps(program("step"), appliance);
        start = new Start(program("client"), leasing);
    }

    private String program(String name) {
        return programs.resolve(name).toString();
    }

    List<Row> rows() throws IOException {
        return List.of(
                new Row(
                        "call.answered",
                        "us",
                        true,
                        1.2,
                        client.probe("answered", TO_MICROSECONDS),
                        network.probe("answered", TO_MICROSECONDS),
                        "C ping-pong of the same size"),
                new Row(
                        "call.meminfo",
                        "us",
                        true,
                        1.3,
                        client.probe("meminfo", TO_MICROSECONDS),
                        network.probe("answered", TO_MICROSECONDS),
                        "C ping-pong: cuMemGetInfo"),
                new Row(
                        "call.oneway",
                        "calls/s",
                        false,
                        0,
                        client.probe("oneway", 1),
                        network.probe("oneway", 1),
                        "the same bytes written to a socket in batches"),
                new Row(
                        "call.oneway.latency",
                        "us",
                        true,
                        0,
                        client.probe("latency", TO_MICROSECONDS),
                        network.probe("latency", TO_MICROSECONDS),
                        "C send to C receive, p99"),
                steps.waits(),
                steps.roundTrips(),
                start.roundTrips(),
                copy("copy.h2d", "h2d"),
                copy("copy.d2h", "d2h"),
                slowCopy("copy.1g.random", "random", 0.97),
                slowCopy("copy.1g.floats", "floats", 2),
                slowCopy("copy.1g.zeros", "zeros", 2),
                directCopy(),
                copyBetweenServers("copy.peer.1g", false),
                copyBetweenServers("copy.peer.1g.rtt", true),
                overTls("call.answered.tls", "us", true, 1.3, "answered", TO_MICROSECONDS),
                overTls("call.oneway.tls", "calls/s", false, 0, "oneway", 1),
                overTls("copy.h2d.tls", "GB/s", false, 0.8, "h2d", TO_GIGA),
                overTls("copy.d2h.tls", "GB/s", false, 0.8, "d2h", TO_GIGA),
                sessionOpen(),
                sessionOpenTls(),
                runTrue(),
                pooled("run.tls", "run", "-q", "-n", "1", "-m", "64", "true"),
                pooled("list_gpus", "list_gpus"),
                workerMemory("worker.memory", 1),
                workerMemory("worker.memory.64", 64),
                schedule("schedule.large", 0),
                schedule("schedule.line", 16),
                grants("grant.single", 1, 0),
                grantsSlowest("grant.single.p99", 1),
                grants("grant.ensemble", 3, 0.5),
                grantsSlowest("grant.ensemble.p99", 3),
                new Row(
                        "launch.empty",
                        "calls/s",
                        false,
                        0,
                        client.probe("launch", 1),
                        network.probe("launch", 1),
                        "the same bytes written to a socket in batches"),
                softFirst(),
                kernel("soft.matmul", "GFLOP/s", "matmul"),
                kernel("soft.nbody", "Gpairs/s", "nbody"),
                kernel("soft.reduction", "GB/s", "reduction"));
    }

    private Row copy(String name, String word) {
        return new Row(
                name,
                "GB/s",
                false,
                0.8,
                client.probe(word, TO_GIGA),
                network.probe(word, TO_GIGA),
                "plain C sender and receiver between two buffers");
    }

    /// Over a link of 1 Gbit/s, which is made with the first row that needs it.
    private Row slowCopy(String name, String word, double bound) {
        return new Row(
                name,
                "MB/s",
                false,
                bound,
                () -> slowLink().copied(word) * TO_MEGA,
                () -> slowLink().plain() * TO_MEGA,
                "plain C sender and receiver over the same link of 1 Gbit/s");
    }

    private SlowLink slowLink() throws IOException, InterruptedException {
        SlowLink link = slow;
        if (link == null) {
            link = new SlowLink(distribution, programs, folder.resolve("slow"));
            slow = link;
        }
        return link;
    }

    /// From one server's device to another's, from worker to worker.
    private Row directCopy() {
        return new Row(
                "copy.peer.direct",
                "GB/s",
                false,
                0.8,
                () -> directCopies().copied() * TO_GIGA,
                network.probe("h2d", TO_GIGA),
                "plain C sender and receiver between two buffers");
    }

    private DirectCopies directCopies() throws IOException {
        DirectCopies known = direct;
        if (known == null) {
            known = new DirectCopies(distribution, program("client"), folder.resolve("direct"));
            direct = known;
        }
        return known;
    }

    /// From one server's device to another's, through the client.
    private Row copyBetweenServers(String name, boolean isFar) {
        return new Row(
                name,
                "MB/s",
                false,
                0.9,
                () -> twoServers().copied(isFar),
                () -> twoServers().plain(),
                "plain C sender and receiver over one of the two links of 1 Gbit/s, no delay");
    }

    private Row overTls(
            String name, String unit, boolean less, double bound, String word, double scale) {
        return new Row(
                name,
                unit,
                less,
                bound,
                () -> tls().measured(word) * scale,
                () -> tls().plain(word) * scale,
                "the same by plain C with OpenSSL");
    }

    private TlsCalls tls() throws IOException {
        TlsCalls known = tls;
        if (known == null) {
            known = new TlsCalls(distribution, programs, folder.resolve("tls"));
            tls = known;
        }
        return known;
    }

    private TwoServers twoServers() throws IOException, InterruptedException {
        TwoServers known = servers;
        if (known == null) {
            known = new TwoServers(distribution, programs, folder.resolve("servers"));
            servers = known;
        }
        return known;
    }

    private Row sessionOpen() {
        Probe open =
                Commands.printed(
                        List.of(program("client"), "open"),
                        appliance.environment(),
                        TO_MILLISECONDS);
        Probe rested =
                () -> {
                    Thread.sleep(WORKER_START_MILLISECONDS);
                    return open.measure();
                };
        return new Row(
                "session.open",
                "ms",
                true,
                0,
                rested,
                network.probe("open", TO_MILLISECONDS),
                "two TCP connections with a hello each");
    }

    private Row sessionOpenTls() {
        return new Row(
                "session.open.tls",
                "ms",
                true,
                0,
                () -> {
                    Thread.sleep(WORKER_START_MILLISECONDS);
                    return tls().opened();
                },
                network.probe("open", TO_MILLISECONDS),
                "two TCP connections with a hello each; meant to be at most 60 ms");
    }

    /// A whole command of a client of a pool: certificate, manager, lease, worker, all over TLS.
    private Row pooled(String name, String... words) {
        return new Row(
                name,
                "ms",
                true,
                4,
                () -> pooled().milliseconds(words).measure(),
                javaVersion(),
                "java -version");
    }

    private PooledCommands pooled() throws IOException, InterruptedException {
        PooledCommands known = pooled;
        if (known == null) {
            known = new PooledCommands(distribution, folder.resolve("pooled"));
            pooled = known;
        }
        return known;
    }

    private Row workerMemory(String name, int sessions) {
        return new Row(
                name,
                "MiB",
                true,
                0,
                () -> memory().mebibytesOf(sessions),
                () -> memory().idleMebibytes(),
                "a JVM that does nothing");
    }

    private WorkerMemory memory() throws IOException {
        WorkerMemory known = memory;
        if (known == null) {
            known = new WorkerMemory(distribution, program("client"), folder.resolve("memory"));
            memory = known;
        }
        return known;
    }

    private static Probe javaVersion() {
        String java = Path.of(System.getProperty("java.home"), "bin/java").toString();
        return Commands.seconds(List.of(java, "-version"), Map.of(), TO_MILLISECONDS);
    }

    private Row runTrue() {
        return new Row(
                "run.true",
                "ms",
                true,
                3,
                Commands.seconds(
                        leasing.runCommand("true"), leasing.runEnvironment(), TO_MILLISECONDS),
                javaVersion(),
                "java -version");
    }

    /// In this process, on one thread; pools are made with the first round.
    private static Row schedule(String name, int waiting) {
        Supplier<LargePool> pool = once(() -> new LargePool(waiting));
        Supplier<ScannedPool> scanned = once(ScannedPool::new);
        return new Row(
                name,
                "decisions/s",
                false,
                0,
                () -> pool.get().decisionsPerSecond(),
                () -> scanned.get().decisionsPerSecond(),
                "looking through an array of all GPUs for the best fit");
    }

    /// Of a pool with so many votes, which is made with the first row that needs it.
    private Row grants(String name, int votes, double bound) {
        return new Row(
                name,
                "grants/s",
                false,
                bound,
                () -> pool(votes).grantsPerSecond(),
                () -> pool(votes).multisPerSecond(),
                "bare ZooKeeper multis of the same size");
    }

    private Row grantsSlowest(String name, int votes) {
        return new Row(
                name,
                "ms",
                true,
                0,
                () -> {
                    pool(votes).grantsPerSecond();
                    return pool(votes).slowestOfHundred();
                },
                () -> {
                    pool(votes).multisPerSecond();
                    return pool(votes).slowestOfHundred();
                },
                "bare ZooKeeper multis of the same size");
    }

    private Grants pool(int votes) throws IOException {
        @Nullable Grants made = pools.get(votes);
        if (made == null) {
            made = new Grants(votes, folder);
            pools.put(votes, made);
        }
        return made;
    }

    private static <T> Supplier<T> once(Supplier<T> maker) {
        List<T> made = new ArrayList<>();
        return () -> {
            if (made.isEmpty()) {
                made.add(maker.get());
            }
            return made.getFirst();
        };
    }

    /// In a process and a session of its own: nothing is compiled yet.
    private Row softFirst() throws IOException {
        Path source = Commands.longFunction(folder, LONG_KERNEL_LINES);
        Probe fresh =
                () -> {
                    try (Dialogue once =
                            new Dialogue(List.of(program("client")), appliance.environment())) {
                        return once.ask("first") * TO_MILLISECONDS;
                    }
                };
        return new Row(
                "soft.first",
                "ms",
                true,
                0,
                fresh,
                Commands.seconds(
                        List.of("gcc", "-O2", "-c", "-o", "/dev/null", source.toString()),
                        Map.of(),
                        TO_MILLISECONDS),
                "gcc -O2 -c of 10,000 like lines");
    }

    private Row kernel(String name, String unit, String word) {
        return new Row(
                        name,
                        unit,
                        false,
                        0.6,
                        client.probe(word, TO_GIGA),
                        scalar.probe(word, TO_GIGA),
                        "the algorithm in C, scalar, all cores")
                .beside(vectorised.probe(word, TO_GIGA));
    }

    @Override
    public void close() throws IOException {
        client.close();
        network.close();
        scalar.close();
        vectorised.close();
        steps.close();
        start.close();
        List<AutoCloseable> made = new ArrayList<>();
        addTo(made, slow);
        addTo(made, servers);
        addTo(made, direct);
        made.addAll(pools.values());
        addTo(made, tls);
        addTo(made, pooled);
        addTo(made, memory);
        SlowLink.closeAll(made);
    }

    private static void addTo(List<AutoCloseable> made, @Nullable AutoCloseable part) {
        if (part != null) {
            made.add(part);
        }
    }
}
