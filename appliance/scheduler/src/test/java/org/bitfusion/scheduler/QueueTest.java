package org.bitfusion.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.bitfusion.scheduler.Pools.NOW;
import static org.bitfusion.scheduler.Pools.appliance;
import static org.bitfusion.scheduler.Pools.filters;
import static org.bitfusion.scheduler.Pools.id;
import static org.bitfusion.scheduler.Pools.lease;
import static org.bitfusion.scheduler.Pools.mebibytes;
import static org.bitfusion.scheduler.Pools.pool;
import static org.bitfusion.scheduler.Pools.request;
import static org.bitfusion.scheduler.Pools.servers;
import static org.bitfusion.scheduler.Pools.shown;
import static org.bitfusion.scheduler.Pools.waiting;
import static org.bitfusion.scheduler.Pools.whole;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Client;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.Share;
import org.junit.jupiter.api.Test;

class QueueTest {
    private static final Client URGENT = new Client("urgent", null, 7, null, false);

    private static String decide(Snapshot pool, String client, int count, Share share) {
        return shown(Scheduler.decide(pool, request(100, client, count, share), NOW));
    }

    private static List<String> served(Snapshot pool, Instant now) {
        return Scheduler.serve(pool, now).served().stream()
                .map(served ->
                        served.waiting().request().id().getLeastSignificantBits()
                                + ": "
                                + shown(served.granted()))
                .toList();
    }

    @Test
    void aLaterRequestDoesNotTakeWhatAnEarlierOneWaitsFor() {
        Snapshot pool =
                pool(appliance(1, 16, 16))
                        .withLease(lease(1, 1, 0, 16))
                        .withWaiting(waiting(request(10, "a", 2, whole()), 1));
        assertThat(decide(pool, "b", 1, mebibytes(2))).isEqualTo("queued 2");
    }

    @Test
    void whatIsNotSetAsideIsGrantedToALaterOne() {
        Snapshot pool =
                pool(appliance(1, 16, 16, 16))
                        .withLease(lease(1, 1, 0, 16))
                        .withLease(lease(2, 1, 1, 12))
                        .withLease(lease(3, 1, 2, 2))
                        .withWaiting(waiting(request(10, "a", 1, whole()), 1));
        assertThat(decide(pool, "b", 1, mebibytes(4))).isEqualTo("1:1=4");
        assertThat(decide(pool, "b", 1, mebibytes(5))).isEqualTo("queued 2");
    }

    @Test
    void whatASmallRequestLeavesOfItsGpuIsForLaterOnes() {
        Snapshot pool =
                pool(appliance(1, 16, 16), appliance(2, 16))
                        .withLease(lease(1, 1, 0, 8))
                        .withLease(lease(2, 2, 0, 16))
                        .withWaiting(waiting(request(10, "a", 3, mebibytes(6)), 1));
        assertThat(decide(pool, "b", 1, mebibytes(2))).isEqualTo("1:0=2");
        assertThat(decide(pool, "b", 1, mebibytes(10))).isEqualTo("1:1=10");
        assertThat(decide(pool, "b", 1, mebibytes(11))).isEqualTo("queued 2");
    }

    @Test
    void theFirstThatWaitsIsServedAsSoonAsWhatItNeedsIsFree() {
        Snapshot pool =
                pool(appliance(1, 16, 16))
                        .withLease(lease(1, 1, 0, 16))
                        .withWaiting(waiting(request(11, "b", 1, mebibytes(2)), 2))
                        .withWaiting(waiting(request(10, "a", 2, whole()), 1));
        assertThat(served(pool, NOW)).isEmpty();
        assertThat(served(pool.withoutLease(id(1)), NOW)).containsExactly("10: 1:0=16 1:1=16");
    }

    @Test
    void thoseWhoWaitAreServedTogether() {
        Snapshot pool =
                pool(appliance(1, 16, 16))
                        .withWaiting(waiting(request(10, "a", 1, whole()), 1))
                        .withWaiting(waiting(request(11, "b", 1, mebibytes(10)), 2))
                        .withWaiting(waiting(request(12, "c", 1, mebibytes(10)), 3))
                        .withWaiting(waiting(request(13, "d", 1, mebibytes(6)), 4));
        assertThat(served(pool, NOW)).containsExactly("10: 1:0=16", "11: 1:1=10");
    }

    @Test
    void aHigherPriorityComesFirstThoughItCameLater() {
        Snapshot pool =
                pool(appliance(1, 16))
                        .withClient(URGENT)
                        .withLease(lease(1, 1, 0, 16))
                        .withWaiting(waiting(request(10, "a", 1, whole()), 1));
        assertThat(decide(pool, "urgent", 1, whole())).isEqualTo("queued 1");
        Snapshot both = pool.withWaiting(waiting(request(11, "urgent", 1, whole()), 2, 7));
        assertThat(served(both.withoutLease(id(1)), NOW)).containsExactly("11: 1:0=16");
    }

    @Test
    void whatIsSetAsideForALowerPriorityIsGranted() {
        Snapshot pool =
                pool(appliance(1, 16, 16))
                        .withClient(URGENT)
                        .withLease(lease(1, 1, 0, 16))
                        .withWaiting(waiting(request(10, "a", 2, whole()), 1));
        assertThat(decide(pool, "urgent", 1, whole())).isEqualTo("1:1=16");
    }

    @Test
    void whoWaitsForAnotherChoiceOfGpusIsNotInTheWay() {
        Request pinned = request(10, "a", 1, whole(), servers("gpu-1"));
        Snapshot pool =
                pool(appliance(1, 16), appliance(2, 16))
                        .withLease(lease(1, 1, 0, 16))
                        .withWaiting(waiting(pinned, 1));
        assertThat(decide(pool, "b", 1, whole())).isEqualTo("2:0=16");
        assertThat(
                        shown(
                                Scheduler.decide(
                                        pool,
                                        request(100, "b", 1, whole(), filters("device.id=0")),
                                        NOW)))
                .isEqualTo("2:0=16");
    }

    @Test
    void whoWaitsForAnApplianceIsNotInTheWay() {
        Snapshot pool =
                pool(appliance(1, 16), appliance(2, 16).withState(ApplianceState.UNAVAILABLE))
                        .withWaiting(waiting(request(10, "a", 2, whole()), 1));
        assertThat(decide(pool, "b", 1, whole())).isEqualTo("1:0=16");
    }

    @Test
    void theExpiredHoldNothingAndAreReported() {
        Snapshot pool =
                pool(appliance(1, 16, 16))
                        .withLease(lease(1, 1, 0, 16))
                        .withWaiting(waiting(request(10, "a", 2, whole()), 1));
        Instant late = NOW.plus(Pools.PATIENCE);
        assertThat(Scheduler.serve(pool, late.minusNanos(1)).expired()).isEmpty();
        assertThat(Scheduler.serve(pool, late).expired())
                .extracting(waiting -> waiting.request().id())
                .containsExactly(id(10));
        assertThat(shown(Scheduler.decide(pool, request(100, "b", 1, whole()), late)))
                .isEqualTo("1:1=16");
        assertThat(shown(Scheduler.decide(pool, request(10, "a", 2, whole()), late)))
                .isEqualTo("refused TIMED_OUT");
    }

    @Test
    void whoCanNeverBeServedAnyMoreIsReported() {
        Snapshot pool =
                pool(appliance(1, 16), appliance(2, 16))
                        .withWaiting(waiting(request(10, "a", 2, whole()), 1))
                        .withWaiting(waiting(request(11, "b", 1, whole()), 2))
                        .withoutAppliance(id(2));
        Scheduler.Round round = Scheduler.serve(pool, NOW);
        assertThat(round.refused())
                .extracting(dropped -> dropped.refused().words())
                .containsExactly(
                        "2 GPUs asked for, but there is only 1: ask for fewer, or add appliances [122]");
        assertThat(round.served()).hasSize(1);
    }

    @Test
    void aWaitingRequestIsToldItsPlaceAndWhatItWaitsFor() {
        Snapshot pool =
                pool(appliance(1, 16, 16))
                        .withLease(lease(1, 1, 0, 12))
                        .withWaiting(waiting(request(9, "b", 1, whole(), servers("gpu-1")), 1))
                        .withWaiting(waiting(request(10, "a", 2, mebibytes(8)), 2));
        Decision.Queued queued =
                (Decision.Queued) Scheduler.decide(pool, request(10, "a", 2, mebibytes(8)), NOW);
        assertThat(queued.place()).isEqualTo(2);
        assertThat(queued.waitsFor().words())
                .isEqualTo(
                        "2 GPUs with 8 MiB: 0 of 2 free, waits for 4 MiB on GPU 0 of gpu-1, 8 MiB on GPU 1 of gpu-1");
    }

    @Test
    void aRequestThatWaitsForAnApplianceIsToldWhich() {
        Snapshot pool = pool(appliance(1, 16).withState(ApplianceState.DRAINING), appliance(2, 16));
        Decision.Queued queued =
                (Decision.Queued) Scheduler.decide(pool, request(10, "a", 2, whole()), NOW);
        assertThat(queued.waitsFor().words()).endsWith("waits for gpu-1 (draining)");
    }

    @Test
    void aRequestGoesOnWaitingForTheSameGpusUntilOthersAreNearer() {
        Snapshot pool =
                pool(appliance(1, 16), appliance(2, 16))
                        .withLease(lease(1, 1, 0, 10))
                        .withLease(lease(2, 2, 0, 5))
                        .withLease(lease(3, 2, 0, 6))
                        .withWaiting(waiting(request(10, "a", 1, whole()), 1));
        assertThat(decide(pool, "b", 1, mebibytes(5))).isEqualTo("2:0=5");
        assertThat(decide(pool, "b", 1, mebibytes(6))).isEqualTo("queued 2");
        // now the other GPU is nearer
        Snapshot nearer = pool.withoutLease(id(2));
        assertThat(decide(nearer, "b", 1, mebibytes(6))).isEqualTo("1:0=6");
        assertThat(decide(nearer, "b", 1, mebibytes(7))).isEqualTo("queued 2");
    }

    @Test
    void aStreamOfSmallRequestsDoesNotStarveALargeOne() {
        Snapshot pool = pool(appliance(1, 16, 16), appliance(2, 16, 16));
        Deque<UUID> leases = new ArrayDeque<>();
        int life = 12;
        int servedAt = -1;
        for (int step = 0; step < 100 && servedAt < 0; step++) {
            Request small = request(1_000 + step, "small", 1, mebibytes(5));
            if (Scheduler.decide(pool, small, NOW) instanceof Decision.Granted granted) {
                pool = pool.withLease(granted.lease(small.id(), small));
                leases.addLast(small.id());
            }
            if (step == 30) {
                pool = pool.withWaiting(waiting(request(10, "large", 4, whole()), 1));
            }
            if (leases.size() >= life || (step > 30 && !leases.isEmpty())) {
                pool = pool.withoutLease(leases.removeFirst());
            }
            servedAt = served(pool, NOW).isEmpty() ? -1 : step;
        }
        assertThat(servedAt).isBetween(31, 30 + life);
    }
}
