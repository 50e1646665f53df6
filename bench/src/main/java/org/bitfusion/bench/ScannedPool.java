package org.bitfusion.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bitfusion.scheduler.request.Wish;

/// The pool of [LargePool] without an index: one array of what is free, changed in place, which
/// each request goes through from the first to the last GPU for the best fit. It knows no line, no
/// filters, no limits, no clients, and gives GPUs of one appliance only.
final class ScannedPool {
    private static final int GPUS = LargePool.GPUS;

    /// @param gpus places in `free`
    @SuppressWarnings("ArrayRecordComponent") // never changed once made, never compared
    private record Held(int[] gpus, int[] memory) {}

    private final Random random = new Random(1);
    private final Wishes wishes = new Wishes(random);
    private final int[] memory = new int[LargePool.APPLIANCES * GPUS];
    private final int[] free = new int[memory.length];
    private final List<Held> leases = new ArrayList<>();
    private final long[] fits = new long[GPUS];

    ScannedPool() {
        for (int gpu = 0; gpu < memory.length; gpu++) {
            memory[gpu] = LargePool.memory(gpu / GPUS);
            free[gpu] = memory[gpu];
        }
        while (leases.size() < LargePool.LEASES) {
            decide();
        }
    }

    private void decide() {
        Wish wish = wishes.next();
        long least = Long.MAX_VALUE;
        int[] best = {};
        for (int first = 0; first < free.length; first += GPUS) {
            int needed = wish.share().mebibytesOf(memory[first]);
            long cost = cost(first, wish.gpuCount(), needed);
            if (cost < least) {
                least = cost;
                best = Arrays.stream(fits, 0, wish.gpuCount()).mapToInt(fit -> (int) fit).toArray();
            }
        }
        if (best.length > 0) {
            int needed = wish.share().mebibytesOf(memory[best[0]]);
            int[] taken = new int[best.length];
            Arrays.fill(taken, needed);
            leases.add(new Held(best, taken));
            change(leases.getLast(), -1);
        }
    }

    /// The first `count` of `fits` are the GPUs of one appliance that fit best.
    private long cost(int first, int count, int needed) {
        int found = 0;
        for (int gpu = first; gpu < first + GPUS; gpu++) {
            int left = free[gpu] - needed;
            if (left >= 0) {
                long unused = free[gpu] == memory[gpu] ? 1L << 60 : 0;
                fits[found] = unused + ((long) left << 32) + gpu;
                found++;
            }
        }
        if (found < count) {
            return Long.MAX_VALUE;
        }
        Arrays.sort(fits, 0, found);
        long cost = 0;
        for (int i = 0; i < count; i++) {
            cost += fits[i] >>> 32;
        }
        return cost;
    }

    private void change(Held lease, int sign) {
        for (int i = 0; i < lease.gpus.length; i++) {
            free[lease.gpus[i]] += sign * lease.memory[i];
        }
    }

    private void releaseOne() {
        int at = random.nextInt(leases.size());
        change(leases.get(at), 1);
        leases.set(at, leases.getLast());
        leases.removeLast();
    }

    /// A second of processor time, with a lease's end for each.
    double decisionsPerSecond() {
        return ProcessorTime.perSecond(() -> {
            while (leases.size() >= LargePool.LEASES) {
                releaseOne();
            }
            decide();
        });
    }
}
