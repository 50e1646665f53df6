package org.bitfusion.ledger;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/// Another process with an account in a ledger, which does what it is told and says how it went.
final class LedgerProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;

    private LedgerProcess(Process process) {
        this.process = process;
        answers = process.inputReader();
    }

    static LedgerProcess start(Path ledger) throws IOException {
        Process process =
                new ProcessBuilder(
                                List.of(
                                        Path.of(System.getProperty("java.home"), "bin", "java")
                                                .toString(),
                                        "-XX:TieredStopAtLevel=1",
                                        "-Dcounter=" + ledger.resolveSibling("counter"),
                                        "-cp",
                                        System.getProperty("java.class.path"),
                                        LedgerProcess.class.getName(),
                                        ledger.toString()))
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        LedgerProcess started = new LedgerProcess(process);
        started.await("joined");
        return started;
    }

    private void await(String word) throws IOException {
        String line = answers.readLine();
        if (!word.equals(line)) {
            throw new IOException("'%s' (expected: '%s')".formatted(line, word));
        }
    }

    /// "reserve BYTES" and "release BYTES" of the first device; "mayend 1" or "mayend 0"; "toss
    /// COUNT": reserves and releases by turns; "count COUNT": counts, in the file beside the
    /// ledger, how often it got more than half of the share, and answers it.
    boolean ask(String order) throws IOException {
        tell(order);
        return answer() == 1;
    }

    long answer() throws IOException {
        return Long.parseLong(answers.readLine());
    }

    /// Does not wait for the answer.
    void tell(String order) throws IOException {
        process.outputWriter().write(order + "\n");
        process.outputWriter().flush();
    }

    void kill() {
        process.destroyForcibly().onExit().join();
    }

    void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    }

    @Override
    public void close() {
        kill();
    }

    public static void main(String[] arguments) throws IOException {
        try (ShareLedger ledger = ShareLedger.open(Path.of(arguments[0]));
                BufferedReader orders =
                        new BufferedReader(
                                new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            ShareLedger.Account account = ledger.join();
            System.out.println("joined");
            orders.lines()
                    .map(line -> line.split(" ", -1))
                    .forEach(order -> System.out.println(follow(ledger, account, order)));
        } catch (UncheckedIOException e) {
            System.err.println("the test is over");
        }
    }

    private static long follow(ShareLedger ledger, ShareLedger.Account account, String[] order) {
        long number = Long.parseLong(order[1]);
        switch (order[0]) {
            case "reserve" -> {
                return account.reserve(0, number) ? 1 : 0;
            }
            case "release" -> account.release(0, number);
            case "mayend" -> account.mayEnd(number == 1);
            case "toss" -> {
                for (long round = 0; round < number; round++) {
                    long bytes = 1 + (round * 7919) % ledger.limit(0);
                    if (account.reserve(0, bytes)) {
                        account.release(0, bytes);
                    }
                }
            }
            case "count" -> {
                return count(account, ledger.limit(0) / 2 + 1, number);
            }
            default -> throw new IllegalArgumentException(order[0]);
        }
        return 1;
    }

    /// Only one process at a time can have so much: if two did, counts would be lost.
    private static long count(ShareLedger.Account account, long bytes, long rounds) {
        long had = 0;
        try (FileChannel channel =
                FileChannel.open(
                        Path.of(System.getProperty("counter")),
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            MappedByteBuffer counter = channel.map(FileChannel.MapMode.READ_WRITE, 0, Long.BYTES);
            for (long round = 0; round < rounds; round++) {
                if (account.reserve(0, bytes)) {
                    long before = counter.getLong(0);
                    Thread.onSpinWait();
                    counter.putLong(0, before + 1);
                    had++;
                    account.release(0, bytes);
                }
            }
            return had;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
