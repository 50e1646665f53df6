package org.bitfusion.bench.jvm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.bitfusion.ledger.ShareLedger;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// Reserving 2 MiB in a share's ledger and giving them back.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LedgerEntries {
    private static final long PAGE = 2L << 20;

    private final ShareLedger.Account account;
    private final AtomicLong counter = new AtomicLong();

    public LedgerEntries() {
        try {
            Path file = Files.createTempFile("bench", ".ledger");
            ShareLedger.create(file, 4L << 30);
            account = ShareLedger.open(file).join();
            file.toFile().deleteOnExit();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Benchmark
    @HeldAgainst(
            row = "jvm.ledger",
            reference = "addAndSubtract",
            words = "adding to and subtracting from an AtomicLong")
    public boolean takeAndGiveBack() {
        boolean taken = account.reserve(0, PAGE);
        account.release(0, PAGE);
        return taken;
    }

    @Benchmark
    public long addAndSubtract() {
        counter.addAndGet(PAGE);
        return counter.addAndGet(-PAGE);
    }
}
