package org.bitfusion.ledger;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/// Another process of the machine with an account in its ledger, or one that holds an account.
final class HostProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;

    private HostProcess(Process process) {
        this.process = process;
        answers = process.inputReader();
    }

    static HostProcess join(Path folder, UUID member, HostLedger.Gpu gpu) throws IOException {
        return start("join", folder, member, gpu);
    }

    /// As a worker of a lease does.
    static HostProcess hold(Path folder, UUID member, HostLedger.Gpu gpu) throws IOException {
        return start("hold", folder, member, gpu);
    }

    private static HostProcess start(String how, Path folder, UUID member, HostLedger.Gpu gpu)
            throws IOException {
        HostProcess started =
                new HostProcess(
                        new ProcessBuilder(
                                        List.of(
                                                Path.of(System.getProperty("java.home"), "bin/java")
                                                        .toString(),
                                                "-XX:TieredStopAtLevel=1",
                                                "-cp",
                                                System.getProperty("java.class.path"),
                                                HostProcess.class.getName(),
                                                how,
                                                folder.toString(),
                                                member.toString(),
                                                gpu.id().toString(),
                                                Long.toString(gpu.bytes())))
                                .redirectError(ProcessBuilder.Redirect.INHERIT)
                                .start());
        if (started.answer() != 1) {
            throw new IOException("it did not start");
        }
        return started;
    }

    /// Whether it got so much.
    boolean take(long bytes) throws IOException {
        tell("take " + bytes);
        return answer() == 1;
    }

    /// Takes and gives back by turns, until it is killed.
    void toss() throws IOException {
        tell("toss 0");
    }

    private void tell(String order) throws IOException {
        process.outputWriter().write(order + "\n");
        process.outputWriter().flush();
    }

    private long answer() throws IOException {
        return Long.parseLong(answers.readLine());
    }

    void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() {
        kill();
    }

    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[1]);
        UUID member = UUID.fromString(arguments[2]);
        HostLedger.Gpu gpu =
                new HostLedger.Gpu(UUID.fromString(arguments[3]), Long.parseLong(arguments[4]));
        try (HostLedger ledger =
                        arguments[0].equals("join")
                                ? HostLedger.join(folder, member, List.of(gpu))
                                : HostLedger.hold(folder, member, List.of(gpu.id()));
                BufferedReader orders =
                        new BufferedReader(
                                new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            System.out.println(1);
            for (String line = orders.readLine(); line != null; line = orders.readLine()) {
                String[] order = line.split(" ", -1);
                if (order[0].equals("take")) {
                    System.out.println(ledger.take(0, Long.parseLong(order[1])) ? 1 : 0);
                } else {
                    toss(ledger, gpu.bytes());
                }
            }
        }
    }

    private static void toss(HostLedger ledger, long bytes) {
        for (long round = 0; round >= 0; round++) {
            long some = 1 + (round * 7919) % bytes;
            if (ledger.take(0, some)) {
                ledger.giveBack(0, some);
            }
        }
    }
}
