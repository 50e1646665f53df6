package org.bitfusion.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.bitfusion.cluster.pool.Promises;
import org.bitfusion.dispatcher.LedgerView;
import org.bitfusion.scheduler.request.Share;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Many clients at once, by all managers.
class AllocatorLoadIT {
    private static final int CLIENTS = 64;
    private static final int LEASES_OF_EACH = 4;
    private static final long MIB = 1 << 20;

    @TempDir Path folder;

    private final AtomicInteger granted = new AtomicInteger();

    @Test
    void nothingIsPromisedTwiceAndEverybodyIsServed() throws Exception {
        try (TestPool pool = new TestPool(folder, 3);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            AtomicBoolean isOver = new AtomicBoolean();
            Future<Integer> looks = threads.submit(() -> look(pool, isOver));
            List<Future<?>> clients = new ArrayList<>();
            for (int client = 0; client < CLIENTS; client++) {
                int seed = client;
                clients.add(threads.submit(() -> leases(pool, seed)));
            }
            for (Future<?> client : clients) {
                client.get();
            }
            isOver.set(true);
            assertThat(looks.get()).isPositive();
            assertThat(granted.get()).isEqualTo(CLIENTS * LEASES_OF_EACH);
            pool.awaitNothingLeft();
        }
    }

    /// Each with more than one appliance has now and then.
    private void leases(TestPool pool, int seed) {
        Random random = new Random(seed);
        UUID client = UUID.randomUUID();
        for (int time = 0; time < LEASES_OF_EACH; time++) {
            Share share =
                    random.nextInt(4) == 0
                            ? new Share.Whole()
                            : new Share.Mebibytes(2 + random.nextInt(TestNode.MEMORY_MIB - 1));
            Ask ask = TestPool.ask(client, 1 + random.nextInt(6), share, Duration.ofMinutes(9));
            Allocator manager = pool.nodes.get(random.nextInt(pool.nodes.size())).allocator;
            Answer.Granted lease = TestPool.granted(manager, ask);
            granted.incrementAndGet();
            check(pool, lease);
            assertThat(manager.leave(lease.id(), Optional.of(client)))
                    .isInstanceOf(LeaveAnswer.Over.class);
        }
    }

    /// What a client was told is in the ledgers.
    private static void check(TestPool pool, Answer.Granted lease) {
        for (Answer.GivenPart part : lease.parts()) {
            TestNode node =
                    pool.nodes.stream()
                            .filter(each -> each.id.equals(part.appliance()))
                            .findFirst()
                            .orElseThrow();
            assertThat(node.dispatcher.ledger().join().parts())
                    .anySatisfy(taken -> {
                        assertThat(taken.part().lease()).isEqualTo(lease.id());
                        assertThat(taken.isEnding()).isFalse();
                        assertThat(taken.part().shares())
                                .extracting(share -> share.bytes() / MIB)
                                .containsExactlyElementsOf(
                                        part.gpus().stream()
                                                .map(gpu -> (long) gpu.memoryMiB())
                                                .toList());
                    });
        }
    }

    /// @return how often it has looked
    private static int look(TestPool pool, AtomicBoolean isOver) {
        int looks = 0;
        while (!isOver.get()) {
            for (TestNode node : pool.nodes) {
                Map<UUID, Long> taken = new HashMap<>();
                LedgerView ledger = node.dispatcher.ledger().join();
                ledger.parts().stream()
                        .flatMap(part -> part.part().shares().stream())
                        .forEach(share -> taken.merge(share.gpu(), share.bytes(), Long::sum));
                assertThat(taken.values()).allMatch(bytes -> bytes <= TestNode.MEMORY_MIB * MIB);
                Promises promises = pool.pool.promised(node.id).orElseThrow();
                for (int gpu = 0; gpu < TestNode.GPUS; gpu++) {
                    assertThat(promises.memoryMiB(gpu)).isLessThanOrEqualTo(TestNode.MEMORY_MIB);
                }
            }
            looks++;
            LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
        }
        return looks;
    }
}
