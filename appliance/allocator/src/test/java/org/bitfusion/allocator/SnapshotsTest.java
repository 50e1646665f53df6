package org.bitfusion.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.bitfusion.cluster.pool.PoolView;
import org.bitfusion.cluster.pool.Promises;
import org.bitfusion.scheduler.Decision;
import org.bitfusion.scheduler.Scheduler;
import org.bitfusion.scheduler.Snapshot;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Client;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;
import org.bitfusion.scheduler.request.Choice;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.Share;
import org.bitfusion.scheduler.request.Wish;
import org.junit.jupiter.api.Test;

class SnapshotsTest {
    private static int limit(ClientTerms defaults, Client... clients) {
        return Snapshots.of(
                        new PoolView(List.of(), Map.of(), List.of()),
                        new Snapshots.Terms(defaults, List.of(clients)),
                        Set.of())
                .terms("anna")
                .gpuLimit();
    }

    /// Each is a record of the pool, however small the share.
    @Test
    void nobodyHoldsWithoutEndWhereNobodySaidHowMany() {
        assertThat(limit(ClientTerms.UNLIMITED)).isEqualTo(Snapshots.GPUS_WITHOUT_LIMIT);
        assertThat(limit(ClientTerms.UNLIMITED, Client.plain("anna")))
                .isEqualTo(Snapshots.GPUS_WITHOUT_LIMIT);
        assertThat(
                        limit(
                                new ClientTerms(2, 0, Duration.ZERO, false),
                                new Client("anna", ClientTerms.NO_LIMIT, null, null, false)))
                .as("none for one client")
                .isEqualTo(Snapshots.GPUS_WITHOUT_LIMIT);
    }

    /// Each lease is a record of the pool, however small.
    @Test
    void anApplianceThatHasAsManyLeasesAsItCanGivesNone() {
        UUID id = UUID.randomUUID();
        Gpu gpu = new Gpu(0, new UUID(1, 0), "GPU", 40_000, 0);
        Appliance appliance =
                new Appliance(
                        id,
                        new Appliance.Host("gpu-6", List.of("10.0.0.6"), false, "", ""),
                        ApplianceState.AVAILABLE,
                        List.of(gpu));
        for (ApplianceState state : List.of(ApplianceState.AVAILABLE, ApplianceState.DRAINING)) {
            assertThat(snapshot(appliance.withState(state), Promises.MOST_LEASES - 1).appliances())
                    .containsExactly(appliance.withState(state));
            assertThat(snapshot(appliance.withState(state), Promises.MOST_LEASES).appliances())
                    .containsExactly(appliance.withState(ApplianceState.FULL));
        }
        Request request =
                new Request(
                        UUID.randomUUID(),
                        "anna",
                        Lease.Origin.RUN,
                        new Wish(1, new Share.Mebibytes(2), Choice.ANY),
                        null);
        assertThat(
                        Scheduler.decide(
                                snapshot(appliance, Promises.MOST_LEASES), request, Instant.EPOCH))
                .isInstanceOfSatisfying(
                        Decision.Queued.class,
                        queued ->
                                assertThat(queued.waitsFor().words())
                                        .endsWith(
                                                "waits for gpu-6 (has as many leases as it can)"));
    }

    private static Snapshot snapshot(Appliance appliance, int leases) {
        Map<UUID, List<LeasedGpu>> promised = new HashMap<>();
        for (int number = 0; number < leases; number++) {
            promised.put(new UUID(8, number), List.of(new LeasedGpu(appliance.id(), 0, 1)));
        }
        return Snapshots.of(
                new PoolView(
                        List.of(appliance),
                        Map.of(appliance.id(), new Promises(appliance.id(), 0, promised)),
                        List.of()),
                Snapshots.Terms.NONE,
                Set.of());
    }

    @Test
    void anAdministratorsWordHolds() {
        assertThat(limit(new ClientTerms(9000, 0, Duration.ZERO, false))).isEqualTo(9000);
        assertThat(limit(ClientTerms.UNLIMITED, new Client("anna", 10_000, null, null, false)))
                .isEqualTo(10_000);
    }
}
