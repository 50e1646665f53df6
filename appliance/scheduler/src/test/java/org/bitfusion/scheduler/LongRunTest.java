package org.bitfusion.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.Share;
import org.bitfusion.scheduler.request.Waiting;
import org.junit.jupiter.api.Test;

/// Many steps on a pool with a tree of several levels.
class LongRunTest {
    private static final int STEPS = 10_000;
    private static final int APPLIANCES = 100;
    private static final Instant NOW = Pools.NOW;

    private final long seed = Long.getLong("bitfusion.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final List<UUID> leases = new ArrayList<>();
    private Snapshot snapshot = Snapshot.of(ClientTerms.UNLIMITED, appliances());
    private long numbers;

    private static List<Appliance> appliances() {
        List<Appliance> appliances = new ArrayList<>();
        for (int number = 1; number <= APPLIANCES; number++) {
            int memory = number % 3 == 0 ? 80 : 16;
            appliances.add(
                    Pools.appliance(
                            number, memory, memory, memory, memory, memory, memory, memory,
                            memory));
        }
        return appliances;
    }

    @Test
    void afterTenThousandStepsTheIndexesTellTheSameAsTheFacts() {
        for (int step = 0; step < STEPS; step++) {
            if (random.nextInt(100) < 45 && !leases.isEmpty()) {
                release();
            } else {
                ask();
            }
            if (step % 500 == 0) {
                Recomputed.assertIsTheSame(
                        snapshot, NOW, "bitfusion.seed=%d, step %d".formatted(seed, step));
            }
        }
        leases.forEach(lease -> snapshot = snapshot.withoutLease(lease));
        for (Appliance appliance : snapshot.appliances()) {
            appliance
                    .gpus()
                    .forEach(gpu ->
                            assertThat(snapshot.freeMiB(appliance.id(), gpu.index()))
                                    .as("seed %d", seed)
                                    .isEqualTo(gpu.memoryMiB()));
        }
        assertThat(snapshot.leases()).isEmpty();
    }

    private void release() {
        int at = random.nextInt(leases.size());
        snapshot = snapshot.withoutLease(leases.get(at));
        leases.set(at, leases.getLast());
        leases.removeLast();
        for (Scheduler.Served served : Scheduler.serve(snapshot, NOW).served()) {
            lease(served.waiting().request(), served.granted());
            snapshot = snapshot.withoutWaiting(served.waiting().request().id());
        }
    }

    private void ask() {
        Share share =
                switch (random.nextInt(3)) {
                    case 0 -> Pools.whole();
                    case 1 -> Pools.part("0.33");
                    default -> Pools.mebibytes(2 + random.nextInt(12));
                };
        int gpuCount = 1 + random.nextInt(random.nextInt(10) == 0 ? 16 : 3);
        Request request = Pools.request(++numbers, "a", gpuCount, share);
        switch (Scheduler.decide(snapshot, request, NOW)) {
            case Decision.Granted granted -> lease(request, granted);
            case Decision.Queued _ -> {
                if (snapshot.waiting().size() < 20) {
                    snapshot =
                            snapshot.withWaiting(
                                    new Waiting(request, ++numbers, 0, NOW.plusSeconds(1)));
                }
            }
            case Decision.Refused refused -> throw new AssertionError(refused);
        }
    }

    private void lease(Request request, Decision.Granted granted) {
        snapshot = snapshot.withLease(granted.lease(request.id(), request));
        leases.add(request.id());
    }
}
