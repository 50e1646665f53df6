package org.bitfusion.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bitfusion.scheduler.Pools.NOW;
import static org.bitfusion.scheduler.Pools.appliance;
import static org.bitfusion.scheduler.Pools.id;
import static org.bitfusion.scheduler.Pools.inside;
import static org.bitfusion.scheduler.Pools.mebibytes;
import static org.bitfusion.scheduler.Pools.part;
import static org.bitfusion.scheduler.Pools.pool;
import static org.bitfusion.scheduler.Pools.request;
import static org.bitfusion.scheduler.Pools.shown;
import static org.bitfusion.scheduler.Pools.waiting;
import static org.bitfusion.scheduler.Pools.whole;

import java.time.Duration;
import java.util.List;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Client;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;
import org.bitfusion.scheduler.request.Request;
import org.junit.jupiter.api.Test;

class LimitTest {
    private static final Client TWO = new Client("two", 2, null, null, false);

    private static Snapshot leased(Snapshot pool, Request request) {
        return Pools.with(pool, request, Scheduler.decide(pool, request, NOW));
    }

    private static Decision decide(Snapshot pool, Request request) {
        return Scheduler.decide(pool, request, NOW);
    }

    @Test
    void aRequestOverTheLimitAloneIsRefused() {
        Snapshot pool = pool(appliance(1, 16, 16, 16)).withClient(TWO);
        assertThat(((Decision.Refused) decide(pool, request(1, "two", 3, whole()))).sentence())
                .isEqualTo(
                        "3 GPUs asked for, but client two may hold at most 2 at a time: ask for fewer, or have an administrator raise its limit (bitfusion clients set two --gpu-limit N)");
    }

    @Test
    void aRequestOverTheLimitTogetherWithWhatIsHeldWaits() {
        Snapshot pool =
                leased(
                        pool(appliance(1, 16, 16, 16)).withClient(TWO),
                        request(1, "two", 1, mebibytes(4)));
        Decision decision = decide(pool, request(2, "two", 2, mebibytes(4)));
        assertThat(shown(decision)).isEqualTo("queued 1");
        assertThat(((Decision.Queued) decision).waitsFor().words())
                .isEqualTo(
                        "client two may hold 2 GPUs at a time, holds 1, and asks for 2 more: waits until it has given back 1");
        assertThat(shown(decide(pool.withoutLease(id(1)), request(2, "two", 2, mebibytes(4)))))
                .isEqualTo("1:0=4 1:1=4");
    }

    @Test
    void whoWaitsAtItsLimitIsNotInTheWayOfOthers() {
        Snapshot pool =
                leased(
                                pool(appliance(1, 16, 16, 16)).withClient(TWO),
                                request(1, "two", 1, whole()))
                        .withWaiting(waiting(request(2, "two", 2, whole()), 1));
        assertThat(shown(decide(pool, request(3, "b", 2, whole())))).isEqualTo("1:1=16 1:2=16");
    }

    @Test
    void aClientsOwnLaterRequestDoesNotTakeItsRoomUnderTheLimit() {
        Snapshot pool =
                leased(
                                pool(appliance(1, 16, 16, 16)).withClient(TWO),
                                request(1, "two", 1, whole()))
                        .withWaiting(waiting(request(2, "two", 2, whole()), 1));
        assertThat(shown(decide(pool, request(3, "two", 1, whole())))).isEqualTo("queued 2");
    }

    @Test
    void aLeaseThatAnotherSchedulerGrantedCountsForThoseWhoWait() {
        Snapshot pool =
                pool(appliance(1, 16), appliance(2, 16, 16))
                        .withClient(TWO)
                        .withLease(Pools.lease(9, 1, 0, 8))
                        .withWaiting(
                                waiting(request(2, "two", 1, whole(), Pools.servers("gpu-1")), 1));
        Request other = request(3, "b", 1, mebibytes(4), Pools.servers("gpu-1"));
        assertThat(shown(decide(pool, other))).isEqualTo("queued 2");
        Lease elsewhere =
                new Lease(
                        id(4),
                        "two",
                        Lease.Origin.RUN,
                        null,
                        List.of(new LeasedGpu(id(2), 0, 4), new LeasedGpu(id(2), 1, 4)));
        assertThat(shown(decide(pool.withLease(elsewhere), other))).isEqualTo("1:0=4");
    }

    @Test
    void thePoolsDefaultHoldsForClientsWithoutASetting() {
        Snapshot pool =
                pool(appliance(1, 16, 16))
                        .withDefaults(new ClientTerms(1, 0, Duration.ZERO, false))
                        .withClient(TWO);
        assertThat(shown(decide(pool, request(1, "a", 2, whole()))))
                .isEqualTo("refused OVER_CLIENT_LIMIT");
        assertThat(shown(decide(pool, request(1, "two", 2, whole())))).isEqualTo("1:0=16 1:1=16");
    }

    @Test
    void aDisabledClientIsRefused() {
        Snapshot pool = pool(appliance(1, 16)).withClient(new Client("a", null, null, null, true));
        assertThat(shown(decide(pool, request(1, "a", 1, whole()))))
                .isEqualTo("refused CLIENT_DISABLED");
    }

    @Test
    void whatIsAskedForInsideASessionStaysWithinIt() {
        Snapshot pool =
                leased(
                        pool(appliance(1, 16, 16, 16)).withClient(TWO),
                        request(1, "two", 2, part("0.5")));
        Request whole = inside(request(2, "two", 1, whole()), id(1));
        assertThat(shown(decide(pool, whole))).isEqualTo("1:0=8");
        Request half = inside(request(3, "two", 2, part("0.5")), id(1));
        pool = leased(pool, half);
        assertThat(pool.lease(id(3)).orElseThrow().gpus())
                .containsExactly(new LeasedGpu(id(1), 0, 4), new LeasedGpu(id(1), 1, 4));
        assertThat(shown(decide(pool, whole))).isEqualTo("queued 1");
        assertThat(shown(decide(pool, inside(request(4, "two", 2, mebibytes(4)), id(1)))))
                .isEqualTo("1:0=4 1:1=4");
        assertThat(pool.freeMiB(id(1), 0)).isEqualTo(8);
    }

    @Test
    void insideASessionNoMoreIsPossibleThanItHolds() {
        Snapshot pool = leased(pool(appliance(1, 16, 16, 16)), request(1, "a", 2, mebibytes(8)));
        assertThat(shown(decide(pool, inside(request(2, "a", 3, mebibytes(4)), id(1)))))
                .isEqualTo("refused PARENT_TOO_SMALL");
        assertThat(shown(decide(pool, inside(request(2, "a", 1, mebibytes(9)), id(1)))))
                .isEqualTo("refused PARENT_TOO_SMALL");
    }

    @Test
    void aSessionIsOfUseToItsClientOnly() {
        Snapshot pool = leased(pool(appliance(1, 16)), request(1, "a", 1, whole()));
        assertThat(shown(decide(pool, inside(request(2, "b", 1, mebibytes(4)), id(1)))))
                .isEqualTo("refused NO_SUCH_PARENT");
        assertThat(shown(decide(pool, inside(request(2, "a", 1, mebibytes(4)), id(9)))))
                .isEqualTo("refused NO_SUCH_PARENT");
    }

    @Test
    void whatASessionHoldsCountsOnceUnderTheLimit() {
        Snapshot pool =
                leased(
                        pool(appliance(1, 16, 16, 16)).withClient(TWO),
                        request(1, "two", 2, whole()));
        pool = leased(pool, inside(request(2, "two", 1, mebibytes(4)), id(1)));
        assertThat(pool.heldGpus("two")).isEqualTo(2);
        assertThat(shown(decide(pool, request(3, "two", 1, whole())))).isEqualTo("queued 1");
    }

    @Test
    void aSessionsEndIsTheEndOfWhatWasCutOutOfIt() {
        Snapshot pool = leased(pool(appliance(1, 16)), request(1, "a", 1, whole()));
        pool = leased(pool, inside(request(2, "a", 1, mebibytes(8)), id(1)));
        pool = leased(pool, inside(request(3, "a", 1, mebibytes(4)), id(2)));
        pool = pool.withoutLease(id(1));
        assertThat(pool.leases()).isEmpty();
        assertThat(pool.freeMiB(id(1), 0)).isEqualTo(16);
        assertThat(pool.heldGpus("a")).isZero();
    }

    @Test
    void aDrainingApplianceGivesASessionWhatItHolds() {
        Snapshot pool = leased(pool(appliance(1, 16)), request(1, "a", 1, whole()));
        Snapshot draining = pool.withAppliance(appliance(1, 16).withState(ApplianceState.DRAINING));
        assertThat(shown(decide(draining, inside(request(2, "a", 1, mebibytes(8)), id(1)))))
                .isEqualTo("1:0=8");
    }

    @Test
    void thoseWhoWaitInsideASessionAreServedThere() {
        Snapshot pool = leased(pool(appliance(1, 16, 16)), request(1, "a", 1, whole()));
        pool = leased(pool, inside(request(2, "a", 1, mebibytes(10)), id(1)));
        pool =
                pool.withWaiting(waiting(inside(request(3, "a", 1, mebibytes(12)), id(1)), 1))
                        .withWaiting(waiting(inside(request(4, "a", 1, mebibytes(6)), id(9)), 2));
        Scheduler.Round before = Scheduler.serve(pool, NOW);
        assertThat(before.served()).isEmpty();
        assertThat(before.refused()).hasSize(1);
        Scheduler.Round after = Scheduler.serve(pool.withoutLease(id(2)), NOW);
        assertThat(after.served()).hasSize(1);
        assertThat(shown(after.served().getFirst().granted())).isEqualTo("1:0=12");
    }

    @Test
    void aLeaseThatIsNotWithinItsParentIsNotTaken() {
        Snapshot pool = leased(pool(appliance(1, 16, 16)), request(1, "a", 1, mebibytes(8)));
        Lease larger =
                new Lease(id(2), "a", Lease.Origin.RUN, id(1), List.of(new LeasedGpu(id(1), 0, 9)));
        assertThatThrownBy(() -> pool.withLease(larger))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
