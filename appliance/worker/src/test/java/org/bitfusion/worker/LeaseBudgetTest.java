package org.bitfusion.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.bitfusion.ledger.HostLedger;
import org.bitfusion.ledger.HostPlace;
import org.bitfusion.ledger.ShareLedger;
import org.bitfusion.protocol.control.WorkerOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseBudgetTest {
    private static final long MIB = 1 << 20;
    private static final long LIMIT = 101 * MIB;

    /// A driver's number of the only device of the share.
    private static final int DEVICE = 3;

    private static final List<WorkerOrder.Share> SHARES =
            List.of(new WorkerOrder.Share(DEVICE, LIMIT));

    private static final HostLedger.Gpu GPU = new HostLedger.Gpu(UUID.randomUUID(), 2 * LIMIT);

    private final Path file;
    private final HostPlace host;
    private final LeaseBudget budget;
    private final ShareLedger others;
    private final ShareLedger.Account other;

    LeaseBudgetTest(@TempDir Path folder) throws IOException {
        file = folder.resolve("a.ledger");
        ShareLedger.create(file, LIMIT);
        host = new HostPlace(folder.resolve("gpus"), UUID.randomUUID(), Map.of(DEVICE, GPU));
        Files.writeString(folder.resolve(HostPlace.FILE), host.text());
        budget = LeaseBudget.open(file, false, SHARES);
        others = ShareLedger.open(file);
        other = others.join();
    }

    @AfterEach
    void stop() {
        budget.close();
        others.close();
    }

    @Test
    void nothingIsKeptThatIsNotUsed() {
        assertThat(budget.limit(DEVICE)).isEqualTo(LIMIT);
        assertThat(budget.reserve(DEVICE, 4096)).isTrue();
        assertThat(others.available(0)).isEqualTo(LIMIT - 4096);
        budget.release(DEVICE, 4096);
        assertThat(other.reserve(0, LIMIT)).isTrue();
    }

    @Test
    void whatIsCalledFreeCanBeReserved() {
        assertThat(budget.available(DEVICE)).as("whole pages").isEqualTo(100 * MIB);
        assertThat(other.reserve(0, MIB)).isTrue();
        assertThat(budget.available(DEVICE)).isEqualTo(100 * MIB);
        assertThat(budget.reserve(DEVICE, 100 * MIB)).isTrue();
        assertThat(budget.available(DEVICE)).isZero();
    }

    @Test
    void aRefusalIsPromptWhenNobodyMayEnd() {
        assertThat(other.reserve(0, 90 * MIB)).isTrue();
        // Later than a session's youth.
        await().pollDelay(Duration.ofMillis(1_100)).until(() -> true);
        long begin = System.nanoTime();
        assertThat(budget.reserve(DEVICE, 20 * MIB)).isFalse();
        assertThat(System.nanoTime() - begin).isLessThan(80_000_000);
        begin = System.nanoTime();
        assertThat(budget.reserve(DEVICE, LIMIT + 1)).as("never").isFalse();
        assertThat(System.nanoTime() - begin).isLessThan(80_000_000);
    }

    @Test
    void whoMayEndIsWaitedFor() {
        assertThat(other.reserve(0, 90 * MIB)).isTrue();
        other.mayEnd(true);
        CompletableFuture<Boolean> reserved =
                CompletableFuture.supplyAsync(() -> budget.reserve(DEVICE, 20 * MIB));
        CompletableFuture<Long> free =
                CompletableFuture.supplyAsync(() -> budget.available(DEVICE));
        await().during(Duration.ofMillis(300)).until(() -> !reserved.isDone() && !free.isDone());
        other.release(0, 90 * MIB); // as the end of its process does
        assertThat(reserved.join()).isTrue();
        assertThat(free.join()).isGreaterThanOrEqualTo(80 * MIB);
    }

    @Test
    void whoseClientComesBackIsNotWaitedFor() {
        assertThat(other.reserve(0, 90 * MIB)).isTrue();
        other.mayEnd(true);
        CompletableFuture<Boolean> reserved =
                CompletableFuture.supplyAsync(() -> budget.reserve(DEVICE, 20 * MIB));
        await().during(Duration.ofMillis(300)).until(() -> !reserved.isDone());
        other.mayEnd(false);
        assertThat(reserved.join()).isFalse();
    }

    @Test
    void whoOnlySaysThatItEndsIsNotWaitedForForLong() {
        assertThat(other.reserve(0, 90 * MIB)).isTrue();
        other.mayEnd(true);
        long begin = System.nanoTime();
        assertThat(budget.available(DEVICE)).isEqualTo(10 * MIB);
        assertThat(budget.reserve(DEVICE, 20 * MIB)).isFalse();
        assertThat(Duration.ofNanos(System.nanoTime() - begin))
                .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(3));
    }

    @Test
    void anotherDeviceHasNothing() {
        assertThat(budget.reserve(0, 1)).isFalse();
        assertThat(budget.limit(0)).isZero();
        assertThat(budget.available(0)).isZero();
        budget.release(0, 1);
    }

    @Test
    void aLedgerOfOtherDevicesIsRefused() {
        assertThatThrownBy(() -> LeaseBudget.open(file, false, List.of()))
                .isInstanceOf(IOException.class);
    }

    /// By a dispatcher that has taken most of the GPU for its leases.
    @Test
    void aSessionWithoutALeaseGetsWhatTheMachineHasLeft() throws IOException {
        try (HostLedger dispatcher =
                HostLedger.join(host.folder(), UUID.randomUUID(), List.of(GPU))) {
            assertThat(dispatcher.take(0, 2 * LIMIT - 50 * MIB)).isTrue();
            assertThat(budget.available(DEVICE)).isEqualTo(50 * MIB);
            assertThat(budget.reserve(DEVICE, 60 * MIB)).isFalse();
            assertThat(others.reserved(0)).as("nothing stays reserved").isZero();
            assertThat(budget.reserve(DEVICE, 40 * MIB)).isTrue();
            assertThat(dispatcher.free(0)).isEqualTo(10 * MIB);
            budget.release(DEVICE, 40 * MIB);
            assertThat(dispatcher.free(0)).isEqualTo(50 * MIB);
            dispatcher.leave();
        }
    }

    @Test
    void aLeaseWhoseDispatcherHasTakenNothingIsRefused() {
        assertThatThrownBy(() -> LeaseBudget.open(file, true, SHARES))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no account");
    }
}
