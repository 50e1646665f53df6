package org.bitfusion.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// What idle sessions hold of the appliance's memory: each has a worker process of its own.
final class WorkerMemory implements AutoCloseable {
    private static final double KIBIBYTES_TO_MEBIBYTES = 1.0 / 1024;

    /// More than other appliances here have.
    private static final String FIRST_PORT = "30000";

    private static final String LAST_PORT = "30200";

    private static final String FIELD = "Pss:";

    private final BenchAppliance appliance;
    private final String program;
    private final List<Dialogue> sessions = new ArrayList<>();
    private final Process idle;

    WorkerMemory(Path distribution, String program, Path folder) throws IOException {
        this.program = program;
        appliance =
                new BenchAppliance(
                        distribution,
                        folder,
                        Map.of(
                                "BF_PRESTARTED_WORKERS",
                                "0",
                                "BF_SERVER_PORT_MIN",
                                FIRST_PORT,
                                "BF_SERVER_PORT_MAX",
                                LAST_PORT));
        String java = Path.of(System.getProperty("java.home"), "bin/java").toString();
        idle =
                new ProcessBuilder(
                                java,
                                "-XX:+UseSerialGC",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Idle.class.getName())
                        .start();
        idle.inputReader().readLine();
    }

    /// A JVM that does nothing.
    static final class Idle {
        private Idle() {}

        public static void main(String[] arguments) throws IOException {
            System.out.println("idle");
            while (System.in.read() >= 0) {
                // Until its parent ends.
            }
        }
    }

    /// MiB of a session with so many of them open: what workers share is divided among them
    /// (proportional set size, proc(5)).
    double mebibytesOf(int count) throws IOException {
        while (sessions.size() < count) {
            Dialogue session = new Dialogue(List.of(program), appliance.environment());
            session.ask("answered"); // it has a session and has used it
            sessions.add(session);
        }
        double sum = 0;
        int workers = 0;
        for (ProcessHandle worker : appliance.workers()) {
            sum += mebibytes(worker.pid());
            workers++;
        }
        if (workers < count) {
            throw new IOException(workers + " workers of " + count + " sessions");
        }
        return sum / workers;
    }

    double idleMebibytes() throws IOException {
        return mebibytes(idle.pid());
    }

    private static double mebibytes(long process) throws IOException {
        Path file = Path.of("/proc", Long.toString(process), "smaps_rollup");
        try (Stream<String> lines = Files.lines(file)) {
            String line =
                    lines.filter(each -> each.startsWith(FIELD))
                            .findFirst()
                            .orElseThrow(() -> new IOException(file + " has no " + FIELD));
            String number = line.substring(FIELD.length()).replace("kB", "").strip();
            return Long.parseLong(number) * KIBIBYTES_TO_MEBIBYTES;
        }
    }

    @Override
    public void close() throws IOException {
        idle.destroy();
        for (Dialogue session : sessions) {
            session.close();
        }
        appliance.close();
    }
}
