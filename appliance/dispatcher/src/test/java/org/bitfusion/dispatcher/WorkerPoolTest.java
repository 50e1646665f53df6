package org.bitfusion.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.bitfusion.dispatcher.FakeWorker.Behaviour;
import org.bitfusion.protocol.control.WorkerOrder;
import org.bitfusion.protocol.control.WorkerReport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class WorkerPoolTest {
    @TempDir private Path folder;

    private Parts parts(Behaviour behaviour, int prestarted) throws IOException {
        return new Parts(folder, behaviour, prestarted);
    }

    private static final class Owner implements WorkerPool.Owner {
        private final CompletableFuture<Integer> end = new CompletableFuture<>();
        private final List<WorkerReport> reports = new ArrayList<>();

        @Override
        public void reported(WorkerReport report) {
            reports.add(report);
        }

        @Override
        public void ended(int exitCode) {
            end.complete(exitCode);
        }
    }

    @Test
    void devicesAreToldOnceAndAWorkerIsReadyAheadOfNeed() throws IOException {
        try (Parts parts = parts(Behaviour.GOOD, 2)) {
            parts.run(parts.pool::fill);
            await().atMost(Duration.ofSeconds(20)).until(() -> parts.told.contains("devices 1"));
            WorkerProcess worker = parts.take().join().orElseThrow();
            assertThat(ProcessHandle.of(worker.pid())).isPresent();
            await().atMost(Duration.ofSeconds(20)).until(() -> parts.processes().size() == 3);
            assertThat(parts.told).containsExactly("devices 1");
        }
    }

    @Test
    void whoWaitsGetsAWorkerInTheOrderInWhichTheyCame() throws IOException {
        try (Parts parts = parts(Behaviour.GOOD, 0)) {
            AtomicInteger next = new AtomicInteger();
            List<CompletableFuture<Integer>> places = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                places.add(parts.take().thenApply(_ -> next.getAndIncrement()));
            }
            for (int i = 0; i < 5; i++) {
                assertThat(places.get(i).join()).isEqualTo(i);
            }
        }
    }

    @Test
    void whoHasLeftTheLineIsPassedOver() throws IOException {
        try (Parts parts = parts(Behaviour.GOOD, 0)) {
            CompletableFuture<Optional<WorkerProcess>> gone = new CompletableFuture<>();
            parts.take(gone, () -> false);
            assertThat(parts.take().join()).isPresent();
            assertThat(gone).isNotDone();
        }
    }

    @Test
    void onlySoManyStartAtOnceHoweverManyWait() throws IOException {
        try (Parts parts = parts(Behaviour.SLOW, 0)) {
            for (int i = 0; i < 40; i++) {
                var _ = parts.take();
            }
            assertThat(parts.processes()).hasSizeBetween(2, 8);
            // Those that die are replaced, one for one, after a pause.
            parts.processes().forEach(ProcessHandle::destroyForcibly);
            await().atMost(Duration.ofSeconds(20)).until(() -> !parts.processes().isEmpty());
            assertThat(parts.processes()).hasSizeLessThanOrEqualTo(8);
        }
    }

    @Test
    void afterSeveralFailuresWhoWaitsIsToldThatThereIsNone() throws IOException {
        try (Parts parts = parts(Behaviour.FAILS, 0)) {
            assertThat(parts.take().join()).isEmpty();
            assertThat(parts.told).isNotEmpty().allMatch("failed no GPU in this test"::equals);
        }
        try (Parts parts = parts(Behaviour.CRASHES, 0)) {
            assertThat(parts.take().join()).isEmpty();
            assertThat(parts.told).isNotEmpty().allMatch(text -> text.contains("exit code 5"));
        }
    }

    @Test
    void aWorkerThatEndsWhileIdleIsReplacedAndNotGivenAway() throws IOException {
        try (Parts parts = parts(Behaviour.CRASHES_IDLE, 1)) {
            parts.run(parts.pool::fill);
            await().atMost(Duration.ofSeconds(20)).until(() -> parts.told.contains("devices 1"));
            long first = parts.processes().stream().mapToLong(ProcessHandle::pid).sum();
            await().atMost(Duration.ofSeconds(20))
                    .until(() ->
                            parts.processes().stream().anyMatch(process -> process.pid() != first));
        }
    }

    @Test
    void itsOwnerHearsWhatAWorkerSaysAndItsEndLast() throws IOException {
        try (Parts parts = parts(Behaviour.NO_PORT, 0)) {
            WorkerProcess worker = parts.take().join().orElseThrow();
            Owner owner = new Owner();
            parts.run(() -> parts.pool.assign(worker, owner));
            parts.run(() -> worker.order(order()));
            assertThat(owner.end.join()).isEqualTo(3);
            assertThat(owner.reports).containsExactly(new WorkerReport.NoPort());
            assertThat(parts.on(() -> parts.pool.find(worker.id()))).isEmpty();
        }
    }

    static WorkerOrder.Open order() {
        return new WorkerOrder.Open(
                "lease",
                java.util.UUID.randomUUID(),
                false,
                org.bitfusion.protocol.Secret.NONE,
                0,
                0,
                0,
                0,
                1,
                "program",
                "ledger",
                "",
                WorkerOrder.Open.SAME_USER,
                List.of());
    }

    @Test
    void aWorkerThatMakesNoSenseIsKilled() throws IOException {
        try (Parts parts = parts(Behaviour.RAVES, 0)) {
            WorkerProcess worker = parts.take().join().orElseThrow();
            Owner owner = new Owner();
            parts.run(() -> parts.pool.assign(worker, owner));
            parts.run(() -> worker.order(order()));
            assertThat(owner.end.join()).isNotZero();
        }
    }

    @Test
    void closingEndsIdleWorkersAndLeavesThoseThatServe() throws IOException {
        try (Parts parts = parts(Behaviour.GOOD, 1)) {
            WorkerProcess worker = parts.take().join().orElseThrow();
            Owner owner = new Owner();
            parts.run(() -> parts.pool.assign(worker, owner));
            await().atMost(Duration.ofSeconds(20)).until(() -> parts.processes().size() == 2);
            parts.run(parts.pool::close);
            await().atMost(Duration.ofSeconds(20)).until(() -> parts.processes().size() == 1);
            assertThat(parts.processes().getFirst().pid()).isEqualTo(worker.pid());
        }
    }

    /// It may hang in the driver of its GPU.
    @Test
    void aWorkerThatNeverGetsReadyIsGivenUp() throws IOException {
        try (Parts parts = new Parts(folder, Behaviour.SLOW, 0, Duration.ofSeconds(1))) {
            assertThat(parts.take().join()).isEmpty();
            assertThat(parts.told).isNotEmpty().allMatch(text -> text.contains("not ready"));
        }
    }
}
