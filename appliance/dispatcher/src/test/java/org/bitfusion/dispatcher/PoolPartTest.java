package org.bitfusion.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.bitfusion.ledger.HostLedger;
import org.bitfusion.ledger.ShareLedger;
import org.bitfusion.protocol.Secret;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Parts of leases that the pool granted, in the table of an appliance's leases.
class PoolPartTest {
    private static final Object CONNECTION = "a connection";
    private static final long MIB = 1 << 20;
    private static final UUID FIRST = new UUID(1, 1);
    private static final UUID SECOND = new UUID(2, 2);
    private static final UUID CLIENT = UUID.randomUUID();
    private static final Duration OWN_RENEWAL = Duration.ofSeconds(30);
    private static final Duration RENEWAL = Duration.ofSeconds(60);

    private final AtomicLong nanos = new AtomicLong();
    private final List<ServedDevice> devices =
            List.of(
                    new ServedDevice(0, FIRST, "a", 1000 * MIB, 1000 * MIB, 8, 0, "0000:01:00.0"),
                    new ServedDevice(1, SECOND, "b", 1000 * MIB, 1000 * MIB, 8, 0, "0000:01:00.0"));
    private final RunFolder kept;
    private final Path gpus;
    private final HostLedger host;
    private final Ledger ledger;
    private final LeaseTable table;

    PoolPartTest(@TempDir Path folder) throws IOException {
        kept = RunFolder.open(folder.resolve("run"));
        gpus = folder.resolve("gpus");
        host = Ledger.joinHost(kept, gpus, devices);
        ledger = Ledger.create(kept, host, devices);
        table = new LeaseTable(devices, ledger, kept, OWN_RENEWAL, nanos::get);
    }

    /// As another process has it after the end of this one.
    private Ledger nextLedger() throws IOException {
        host.close();
        return Ledger.goOn(kept, Ledger.joinHost(kept, gpus, devices));
    }

    @AfterEach
    void close() {
        table.close();
        ledger.close();
        kept.close();
    }

    private static PoolPart part(PoolPart.GpuShare... shares) {
        return part(null, false, shares);
    }

    private static PoolPart part(
            @Nullable UUID parent, boolean outlives, PoolPart.GpuShare... shares) {
        return new PoolPart(
                UUID.randomUUID(),
                Secret.random(new SecureRandom()),
                CLIENT,
                "ada lovelace",
                new PoolPart.Life(RENEWAL, outlives),
                parent,
                List.of(shares));
    }

    private static PoolPart.GpuShare share(UUID gpu, long mebibytes) {
        return new PoolPart.GpuShare(gpu, mebibytes * MIB);
    }

    private Lease taken(PoolPart part) {
        LeaseDecision decision = table.take(part);
        assertThat(decision).isInstanceOf(LeaseDecision.Granted.class);
        return ((LeaseDecision.Granted) decision).lease();
    }

    @Test
    void sharesAreTakenOfTheGpusThatAreNamedInTheirOrder() {
        PoolPart part = part(share(SECOND, 600), share(FIRST, 300));
        Lease lease = taken(part);
        assertThat(lease.shares())
                .containsExactly(new Share(1, 600 * MIB), new Share(0, 300 * MIB));
        assertThat(lease.client()).isEqualTo(CLIENT + " ada lovelace");
        assertThat(ledger.free(1)).isEqualTo(400 * MIB);
        assertThat(taken(part)).as("the same again").isSameAs(lease);
        assertThat(ledger.free(1)).isEqualTo(400 * MIB);
    }

    @Test
    void whatIsNotFreeIsRefusedAsAWhole() {
        taken(part(share(SECOND, 600)));
        assertThat(table.take(part(share(FIRST, 600), share(SECOND, 600))))
                .isInstanceOf(LeaseDecision.NotFree.class);
        assertThat(ledger.free(0)).isEqualTo(1000 * MIB);
        assertThat(ledger.free(1)).isEqualTo(400 * MIB);
        assertThat(table.take(part(share(UUID.randomUUID(), 10))))
                .isInstanceOf(LeaseDecision.Impossible.class);
        assertThat(table.take(part(share(FIRST, 1001))))
                .isInstanceOf(LeaseDecision.Impossible.class);
        assertThat(table.take(part(new PoolPart.GpuShare(FIRST, -5))))
                .isInstanceOf(LeaseDecision.Impossible.class);
    }

    @Test
    void anotherPartWithTheSameIdentifierIsRefused() {
        PoolPart part = part(share(FIRST, 600));
        taken(part);
        PoolPart other =
                new PoolPart(
                        part.lease(),
                        Secret.random(new SecureRandom()),
                        CLIENT,
                        "ada lovelace",
                        part.life(),
                        null,
                        part.shares());
        assertThat(table.take(other)).isInstanceOf(LeaseDecision.NotFree.class);
        assertThat(ledger.free(0)).isEqualTo(400 * MIB);
    }

    @Test
    void onePartNamesEachGpuOnce() {
        assertThatThrownBy(() -> part(share(FIRST, 10), share(FIRST, 20)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> part()).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void itExpiresAfterItsOwnTime() {
        Lease lease = taken(part(share(FIRST, 600)));
        nanos.addAndGet(RENEWAL.toNanos() - 1);
        assertThat(table.expired()).isEmpty();
        table.renew(lease.id(), CONNECTION);
        nanos.addAndGet(RENEWAL.toNanos());
        assertThat(table.expired()).containsExactly(lease);
    }

    @Test
    void theEndOfItsHoldersConnectionMattersUnlessItOutlivesThat() {
        Lease run = taken(part(null, false, share(FIRST, 100)));
        Lease requested = taken(part(null, true, share(FIRST, 100)));
        table.holderGone(run.id(), CONNECTION, Duration.ofSeconds(1));
        table.holderGone(requested.id(), CONNECTION, Duration.ofSeconds(1));
        nanos.addAndGet(Duration.ofSeconds(2).toNanos());
        assertThat(table.expired()).containsExactly(run);
    }

    @Test
    void whatIsCutOutOfALeaseTakesOfItsShareAndOfNothingElse() throws IOException {
        Lease parent = taken(part(share(SECOND, 500), share(FIRST, 500)));
        PoolPart part = part(parent.id(), false, share(FIRST, 300));
        Lease child = taken(part);
        assertThat(ledger.free(0)).isEqualTo(500 * MIB);
        assertThat(table.childrenOf(parent.id())).containsExactly(child.id());
        try (ShareLedger file = ShareLedger.open(parent.ledgerFile())) {
            assertThat(file.available(1)).isEqualTo(200 * MIB);
            assertThat(file.available(0)).isEqualTo(500 * MIB);
            assertThat(table.take(part(parent.id(), false, share(SECOND, 100), share(FIRST, 201))))
                    .isInstanceOf(LeaseDecision.NotFree.class);
            assertThat(file.available(0)).isEqualTo(500 * MIB);
            table.end(child.id()).ifPresent(table::giveBack);
            assertThat(file.available(1)).isEqualTo(500 * MIB);
        }
        assertThat(table.take(part(UUID.randomUUID(), false, share(FIRST, 10))))
                .as("no such parent")
                .isInstanceOf(LeaseDecision.NotFree.class);
    }

    @Test
    void aLeaseIsIdleFromItsLastUseWhichIsItsParentsToo() {
        Lease parent = taken(part(share(FIRST, 500)));
        nanos.addAndGet(Duration.ofSeconds(50).toNanos());
        Lease child = taken(part(parent.id(), false, share(FIRST, 300)));
        assertThat(table.idle(parent)).isZero();
        nanos.addAndGet(Duration.ofSeconds(7).toNanos());
        assertThat(table.idle(parent)).isEqualTo(Duration.ofSeconds(7));
        table.used(child.id(), Duration.ofSeconds(2));
        assertThat(table.idle(child)).isEqualTo(Duration.ofSeconds(2));
        assertThat(table.idle(parent)).isEqualTo(Duration.ofSeconds(2));
        table.used(child.id(), Duration.ofSeconds(5));
        assertThat(table.idle(child)).as("an older word").isEqualTo(Duration.ofSeconds(2));
        table.renew(parent.id(), CONNECTION);
        assertThat(table.idle(parent)).as("renewals are no use").isEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void theNextDispatcherKnowsSinceWhenALeaseIsIdle() throws IOException {
        Lease used = taken(part(share(FIRST, 100)));
        Lease unused = taken(part(share(FIRST, 100)));
        kept.keepUse(unused.id(), Duration.ofHours(1));
        kept.keepUse(used.id(), Duration.ofHours(1));
        nanos.addAndGet(Duration.ofHours(1).toNanos());
        table.used(used.id(), Duration.ofSeconds(3));
        try (Ledger next = nextLedger()) {
            LeaseTable after = new LeaseTable(devices, next, kept, OWN_RENEWAL, nanos::get);
            after.restore();
            assertThat(after.idle(after.find(used.id()).orElseThrow()))
                    .isBetween(Duration.ofSeconds(3), Duration.ofMinutes(1));
            assertThat(after.idle(after.find(unused.id()).orElseThrow()))
                    .isBetween(Duration.ofHours(1), Duration.ofMinutes(61));
            after.close();
        }
    }

    @Test
    void theNextDispatcherGoesOnWithParts() throws IOException {
        PoolPart whole = part(null, true, share(SECOND, 500), share(FIRST, 500));
        Lease parent = taken(whole);
        PoolPart inside = part(parent.id(), false, share(FIRST, 300));
        taken(inside);
        try (Ledger next = nextLedger()) {
            LeaseTable after = new LeaseTable(devices, next, kept, OWN_RENEWAL, nanos::get);
            assertThat(after.restore()).isEmpty();
            List<PoolPart> restored = new ArrayList<>();
            after.all().forEach(lease -> lease.part().ifPresent(restored::add));
            assertThat(restored).containsExactlyInAnyOrder(whole, inside);
            assertThat(next.free(0)).isEqualTo(500 * MIB);
            assertThat(after.take(inside)).isInstanceOf(LeaseDecision.Granted.class);
            try (ShareLedger file = ShareLedger.open(parent.ledgerFile())) {
                assertThat(file.available(1)).isEqualTo(200 * MIB);
                after.end(inside.lease()).ifPresent(after::giveBack);
                assertThat(file.available(1)).isEqualTo(500 * MIB);
            }
            after.close();
        }
    }
}
