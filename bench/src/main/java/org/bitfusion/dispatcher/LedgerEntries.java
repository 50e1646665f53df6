package org.bitfusion.dispatcher;

import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.bitfusion.bench.jvm.HeldAgainst;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// Taking 2 MiB out of the dispatcher's ledger and giving them back.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LedgerEntries {
    private static final long PAGE = 2L << 20;

    private final Ledger ledger =
            new Ledger(List.of(new ServedDevice(0, new UUID(0, 1), "soft", 4L << 30, 8, 0)));
    private final AtomicLong counter = new AtomicLong();

    @Benchmark
    @HeldAgainst(
            row = "jvm.ledger",
            reference = "addAndSubtract",
            words = "adding to and subtracting from an AtomicLong")
    public boolean takeAndGiveBack() {
        boolean taken = ledger.take(0, PAGE);
        ledger.giveBack(0, PAGE);
        return taken;
    }

    @Benchmark
    public long addAndSubtract() {
        counter.addAndGet(PAGE);
        return counter.addAndGet(-PAGE);
    }
}
