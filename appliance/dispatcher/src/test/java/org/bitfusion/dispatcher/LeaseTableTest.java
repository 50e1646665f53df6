package org.bitfusion.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.bitfusion.ledger.HostLedger;
import org.bitfusion.ledger.ShareLedger;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.message.LeaseRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseTableTest {
    private static final Object FIRST = "the connection that it was granted over";
    private static final Object SECOND = "another";
    private static final long MIB = 1 << 20;
    private static final long CAPACITY = 1000 * MIB;
    private static final Duration RENEWAL = Duration.ofSeconds(30);

    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5);
    private final List<ServedDevice> devices =
            List.of(
                    new ServedDevice(
                            0, new UUID(1, 1), "a", CAPACITY, CAPACITY, 8, 0, "0000:01:00.0"),
                    new ServedDevice(
                            1, new UUID(2, 2), "b", CAPACITY, CAPACITY, 8, 0, "0000:01:00.0"));
    private final RunFolder kept;
    private final Path gpus;
    private final HostLedger host;
    private final Ledger ledger;
    private final LeaseTable table;

    LeaseTableTest(@TempDir Path folder) throws IOException {
        kept = RunFolder.open(folder.resolve("run"));
        gpus = folder.resolve("gpus");
        host = Ledger.joinHost(kept, gpus, devices);
        ledger = Ledger.create(kept, host, devices);
        table = new LeaseTable(devices, ledger, kept, RENEWAL, nanos::get);
    }

    private LeaseDecision request(int devices, int millionths, long bytes) {
        return table.request(
                new LeaseRequest(devices, millionths, bytes, "client", "", 1), 0, _ -> Secret.NONE);
    }

    private static Lease granted(LeaseDecision decision) {
        assertThat(decision).isInstanceOf(LeaseDecision.Granted.class);
        return ((LeaseDecision.Granted) decision).lease();
    }

    @Test
    void twoThirdsAndOneThirdFitOnOneDevice() {
        Lease first = granted(request(1, 660_000, 0));
        Lease second = granted(request(1, 330_000, 0));
        assertThat(first.shares()).singleElement().extracting(Share::device).isEqualTo(0);
        assertThat(second.shares()).singleElement().extracting(Share::device).isEqualTo(0);
        assertThat(first.shares().getFirst().limit()).isEqualTo(660 * MIB);
    }

    @Test
    void aWholeDeviceIsTakenWhenNoShareIsNamed() {
        Lease lease = granted(request(2, 0, 0));
        assertThat(lease.shares()).extracting(Share::limit).containsExactly(CAPACITY, CAPACITY);
        assertThat(request(1, 0, 2 * MIB)).isInstanceOf(LeaseDecision.NotFree.class);
    }

    @Test
    void whatCanNeverBeHadIsImpossible() {
        assertThat(request(3, 0, MIB)).isInstanceOf(LeaseDecision.Impossible.class);
        assertThat(request(0, 0, MIB)).isInstanceOf(LeaseDecision.Impossible.class);
        assertThat(request(1, 0, CAPACITY + 1)).isInstanceOf(LeaseDecision.Impossible.class);
        assertThat(request(1, 1_000_001, 0)).isInstanceOf(LeaseDecision.Impossible.class);
        assertThat(request(1, 0, -1)).isInstanceOf(LeaseDecision.Impossible.class);
    }

    @Test
    void aRefusedRequestTakesNothing() {
        granted(request(1, 0, 900 * MIB));
        assertThat(request(2, 0, 500 * MIB)).isInstanceOf(LeaseDecision.NotFree.class);
        assertThat(ledger.free(0)).isEqualTo(100 * MIB);
        assertThat(ledger.free(1)).isEqualTo(CAPACITY);
    }

    @Test
    void nothingIsTakenWhileOthersCameBefore() {
        LeaseRequest fits = new LeaseRequest(1, 0, 2 * MIB, "client", "", 1);
        assertThat(table.request(fits, 1, _ -> Secret.NONE))
                .isInstanceOf(LeaseDecision.NotFree.class);
        assertThat(ledger.free(0)).isEqualTo(CAPACITY);
        LeaseRequest tooMuch = new LeaseRequest(3, 0, MIB, "client", "", 1);
        assertThat(table.request(tooMuch, 1, _ -> Secret.NONE))
                .isInstanceOf(LeaseDecision.Impossible.class);
    }

    @Test
    void theHoldersAreNamed() {
        granted(request(1, 0, 600 * MIB));
        granted(request(1, 0, 500 * MIB));
        assertThat(table.holders())
                .contains("client 600 MiB of GPU 0")
                .contains("client 500 MiB of GPU 1");
    }

    @Test
    void aLeaseExpiresUnlessItIsRenewed() {
        Lease renewed = granted(request(1, 0, 2 * MIB));
        Lease forgotten = granted(request(1, 0, 2 * MIB));
        nanos.addAndGet(RENEWAL.toNanos() - 1);
        assertThat(table.renew(renewed.id(), FIRST)).isTrue();
        nanos.addAndGet(1);
        assertThat(table.expired()).containsExactly(forgotten);
    }

    @Test
    void aLeaseWhoseHolderIsGoneExpiresSoonUnlessItIsRenewed() {
        Lease lease = granted(request(1, 0, 2 * MIB));
        table.holderGone(lease.id(), FIRST, Duration.ofSeconds(5));
        nanos.addAndGet(Duration.ofSeconds(5).toNanos());
        assertThat(table.expired()).containsExactly(lease);
        table.renew(lease.id(), FIRST);
        assertThat(table.expired()).isEmpty();
    }

    /// What lies between the two may hide the end of a connection from one of them.
    @Test
    void theLateEndOfAnOldConnectionEndsNothing() {
        Lease lease = granted(request(1, 0, 2 * MIB));
        lease.heldOver(FIRST);
        table.renew(lease.id(), SECOND);
        table.holderGone(lease.id(), FIRST, Duration.ofSeconds(5));
        nanos.addAndGet(Duration.ofSeconds(6).toNanos());
        assertThat(table.expired()).isEmpty();
        table.holderGone(lease.id(), SECOND, Duration.ofSeconds(5));
        nanos.addAndGet(Duration.ofSeconds(5).toNanos());
        assertThat(table.expired()).containsExactly(lease);
    }

    @Test
    void anEndedLeaseIsUnknownAtOnceAndItsMemoryFreeWhenItIsGivenBack() {
        Lease lease = granted(request(1, 0, 600 * MIB));
        assertThat(table.end(lease.id())).contains(lease);
        assertThat(table.find(lease.id())).isEmpty();
        assertThat(table.renew(lease.id(), FIRST)).isFalse();
        assertThat(ledger.free(0)).isEqualTo(400 * MIB);
        table.giveBack(lease);
        assertThat(ledger.free(0)).isEqualTo(CAPACITY);
        assertThat(table.end(lease.id())).isEmpty();
        assertThat(table.find(Hello.NO_LEASE)).isEmpty();
    }

    @Test
    void aShareInWhichNothingCanBeAllocatedIsRefusedWhenItIsAskedFor() {
        assertThat(request(1, 0, MIB)).isInstanceOf(LeaseDecision.Impossible.class);
        assertThat(request(1, 1_500, 0)).isInstanceOf(LeaseDecision.Impossible.class);
        assertThat(request(1, 0, 2 * MIB)).isInstanceOf(LeaseDecision.Granted.class);
    }

    @Test
    void theFileInWhichALeasesWorkersReserveHasItsLimitsAndItsLife() throws IOException {
        Lease lease = granted(request(2, 0, 100 * MIB));
        try (ShareLedger file = ShareLedger.open(lease.ledgerFile())) {
            assertThat(file.devices()).isEqualTo(2);
            assertThat(file.available(1)).isEqualTo(100 * MIB);
        }
        table.end(lease.id());
        table.giveBack(lease);
        assertThat(lease.ledgerFile()).doesNotExist();
    }

    /// As another process has it after the end of this one.
    private Ledger nextLedger() throws IOException {
        host.close();
        return Ledger.goOn(kept, Ledger.joinHost(kept, gpus, devices));
    }

    @AfterEach
    void close() {
        ledger.close();
        kept.close();
    }

    @Test
    void theNextDispatcherGoesOnWithLeasesAndNoMemoryIsPromisedTwice() throws IOException {
        Lease lease = granted(request(2, 0, 600 * MIB));
        Lease ended = granted(request(1, 0, 100 * MIB));
        table.end(ended.id());
        assertThat(ledger.take(1, 7 * MIB)).as("and never granted").isTrue();

        assertThat(Ledger.canGoOn(kept, devices)).isTrue();
        assertThat(Ledger.canGoOn(kept, devices.subList(0, 1))).isFalse();
        try (Ledger next = nextLedger()) {
            LeaseTable after = new LeaseTable(devices, next, kept, RENEWAL, nanos::get);
            List<Lease> over = after.restore();
            assertThat(over).singleElement().extracting(Lease::id).isEqualTo(ended.id());
            assertThat(after.find(ended.id())).isEmpty();
            assertThat(after.renew(lease.id(), FIRST)).isTrue();
            Lease restored = after.find(lease.id()).orElseThrow();
            assertThat(restored.secret()).isEqualTo(lease.secret());
            assertThat(restored.client()).isEqualTo(lease.client());
            assertThat(restored.shares()).isEqualTo(lease.shares());
            assertThat(next.free(0)).isEqualTo(300 * MIB);
            assertThat(next.free(1)).isEqualTo(400 * MIB);
            after.giveBack(over.getFirst());
            assertThat(next.free(0)).isEqualTo(400 * MIB);
            after.end(lease.id()).ifPresent(after::giveBack);
            assertThat(next.free(1)).isEqualTo(CAPACITY);
            assertThat(kept.leases()).isEmpty();
        }
    }

    @Test
    void onlyLeasesWhoseMemoryAnotherDispatcherTookEnd() throws IOException {
        Lease large = granted(request(1, 0, 600 * MIB));
        for (int i = 0; i < 20; i++) {
            granted(request(1, 0, 10 * MIB));
        }
        host.close();
        HostLedger other =
                HostLedger.join(gpus, UUID.randomUUID(), List.of(devices.getFirst().ofHost()));
        assertThat(other.take(0, 500 * MIB)).isTrue();
        try (Ledger next = Ledger.goOn(kept, Ledger.joinHost(kept, gpus, devices))) {
            LeaseTable after = new LeaseTable(devices, next, kept, RENEWAL, nanos::get);
            assertThat(after.restore()).extracting(Lease::id).containsExactly(large.id());
            after.giveBack(large);
            assertThat(next.free(0)).isEqualTo(300 * MIB);
        }
        other.leave();
    }

    @Test
    void noMemoryIsPromisedTwiceWhateverHappens() throws IOException {
        Random random = new Random(42);
        ShareLedger open = ShareLedger.open(ledger.openFile());
        ShareLedger.Account[] workers = {open.join(), open.join(), open.join()};
        java.util.ArrayList<Lease> leases = new java.util.ArrayList<>();
        for (int step = 0; step < 2000; step++) {
            long bytes = random.nextLong(600) * MIB;
            switch (random.nextInt(4)) {
                case 0 -> {
                    if (request(1, 0, bytes) instanceof LeaseDecision.Granted(Lease lease)) {
                        leases.add(lease);
                    }
                }
                case 1 -> workers[random.nextInt(3)].reserve(0, bytes);
                case 2 -> workers[random.nextInt(3)].release(0, Long.MAX_VALUE);
                default -> {
                    if (!leases.isEmpty()) {
                        Lease lease = leases.remove(random.nextInt(leases.size()));
                        table.end(lease.id());
                        table.giveBack(lease);
                    }
                }
            }
            long leased =
                    leases.stream()
                            .flatMap(lease -> lease.shares().stream())
                            .filter(share -> share.device() == 0)
                            .mapToLong(Share::limit)
                            .sum();
            assertThat(ledger.free(0)).isEqualTo(CAPACITY - leased - open.reserved(0));
        }
        open.close();
    }
}
