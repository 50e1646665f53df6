package org.bitfusion.worker.io;

import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;

/// Holds five ways of serving the same C client against a plain C server, in one run: rounds
/// interleaved, the median of each round's ratio to C. Arguments: the C source (`io_probe.c`), and
/// the number of rounds. Needs gcc, openssl and libssl-dev.
public final class IoProbe {
    private static final int FIGURES = 4;
    private static final int WARM_UP_ROUNDS = 2;

    private interface Starter {
        ProbeServer start() throws IOException;
    }

    private record Way(String name, boolean tls, Starter starter) {}

    private IoProbe() {}

    public static void main(String[] words) throws Exception {
        Path folder = Files.createTempDirectory("io-probe");
        Path program = folder.resolve("io_probe");
        Path certificate = folder.resolve("certificate.pem");
        Path key = folder.resolve("key.pem");
        execute("gcc", "-std=c17", "-O2", words[0], "-lssl", "-lcrypto", "-o", program.toString());
        execute(
                "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=probe -keyout"
                        .concat(" " + key + " -out " + certificate)
                        .split(" "));
        int rounds = Integer.parseInt(words[1]);
        Map<String, double[][]> figures = new LinkedHashMap<>();
        for (int round = 0; round < rounds + WARM_UP_ROUNDS; round++) {
            for (Way way : ways(program, certificate, key)) {
                double[] result;
                try (ProbeServer server = way.starter().start()) {
                    result = client(program, server.port(), way.tls());
                }
                System.out.printf("%d %s %s%n", round, way.name(), Arrays.toString(result));
                if (round >= WARM_UP_ROUNDS) {
                    figures.computeIfAbsent(way.name(), _ -> new double[rounds][])[
                                    round - WARM_UP_ROUNDS] =
                            result;
                }
            }
        }
        print(figures);
        for (Path file : List.of(program, certificate, key, folder)) {
            Files.delete(file);
        }
    }

    private static List<Way> ways(Path program, Path certificate, Path key) throws IOException {
        ByteBuffer memory = ByteBuffer.allocateDirect(ProbeFrames.BULK);
        List<Way> ways = new ArrayList<>();
        ways.add(new Way("C plain", false, () -> new CServer(program, "plain")));
        ways.add(new Way("blocking plain", false, () -> new BlockingServer(memory, null)));
        ways.add(new Way("epoll plain", false, () -> epoll(memory, null)));
        if (IoUring.isAvailable()) {
            ways.add(new Way("io_uring plain", false, () -> uring(memory, null)));
        } else {
            System.out.println("io_uring: " + IoUring.unavailabilityCause());
        }
        ways.add(
                new Way(
                        "C tls",
                        true,
                        () -> new CServer(program, "tls", certificate.toString(), key.toString())));
        for (SslProvider provider : List.of(SslProvider.JDK, SslProvider.OPENSSL)) {
            SslContext context =
                    SslContextBuilder.forServer(certificate.toFile(), key.toFile())
                            .sslProvider(provider)
                            .protocols("TLSv1.3")
                            .build();
            Supplier<SSLEngine> engines =
                    () -> context.newEngine(io.netty.buffer.UnpooledByteBufAllocator.DEFAULT);
            String name = provider == SslProvider.JDK ? "JDK" : "BoringSSL";
            ways.add(
                    new Way(
                            "blocking tls " + name,
                            true,
                            () -> new BlockingServer(memory, engines)));
            ways.add(new Way("epoll tls " + name, true, () -> epoll(memory, context)));
            if (IoUring.isAvailable()) {
                ways.add(new Way("io_uring tls " + name, true, () -> uring(memory, context)));
            }
        }
        return ways;
    }

    private static ProbeServer epoll(
            ByteBuffer memory, @org.jspecify.annotations.Nullable SslContext tls) {
        return new NettyServer(
                EpollIoHandler.newFactory(), EpollServerSocketChannel.class, memory, tls);
    }

    private static ProbeServer uring(
            ByteBuffer memory, @org.jspecify.annotations.Nullable SslContext tls) {
        return new NettyServer(
                IoUringIoHandler.newFactory(), IoUringServerSocketChannel.class, memory, tls);
    }

    private static double[] client(Path program, int port, boolean tls) throws IOException {
        Process process =
                new ProcessBuilder(
                                program.toString(),
                                "client",
                                Integer.toString(port),
                                tls ? "tls" : "plain")
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        try (BufferedReader reader = process.inputReader()) {
            String line = reader.readLine();
            if (line == null) {
                throw new IOException("the client failed");
            }
            return Arrays.stream(line.split(" ")).mapToDouble(Double::parseDouble).toArray();
        }
    }

    private static void execute(String... command) throws IOException, InterruptedException {
        int status =
                new ProcessBuilder(command)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(new File("/dev/null"))
                        .start()
                        .waitFor();
        if (status != 0) {
            throw new IOException(String.join(" ", command) + ": exit status " + status);
        }
    }

    private static void print(Map<String, double[][]> figures) {
        System.out.printf(
                "%-24s %22s %22s %22s %22s%n",
                "server", "answered (us)", "one-way (1/s)", "in (MiB/s)", "out (MiB/s)");
        figures.forEach((name, rows) -> {
            double[][] reference =
                    Objects.requireNonNull(figures.get(name.contains("tls") ? "C tls" : "C plain"));
            StringBuilder line = new StringBuilder(String.format("%-24s", name));
            for (int figure = 0; figure < FIGURES; figure++) {
                double[] values = new double[rows.length];
                double[] ratios = new double[rows.length];
                for (int round = 0; round < rows.length; round++) {
                    values[round] = rows[round][figure];
                    ratios[round] = values[round] / reference[round][figure];
                }
                line.append(String.format(" %13.1f (%5.2f)", median(values), median(ratios)));
            }
            System.out.println(line);
        });
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private record CServer(Process process, int port) implements ProbeServer {
        CServer(Path program, String... words) throws IOException {
            this(start(program, words));
        }

        private CServer(Process process) throws IOException {
            this(process, Integer.parseInt(process.inputReader().readLine()));
        }

        private static Process start(Path program, String... words) throws IOException {
            List<String> command = new ArrayList<>(List.of(program.toString(), "server"));
            command.addAll(List.of(words));
            return new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
        }

        @Override
        public void close() {
            process.destroy();
        }
    }
}
