package org.bitfusion.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.bitfusion.scheduler.Pools.NOW;
import static org.bitfusion.scheduler.Pools.appliance;
import static org.bitfusion.scheduler.Pools.filters;
import static org.bitfusion.scheduler.Pools.lease;
import static org.bitfusion.scheduler.Pools.mebibytes;
import static org.bitfusion.scheduler.Pools.part;
import static org.bitfusion.scheduler.Pools.pool;
import static org.bitfusion.scheduler.Pools.request;
import static org.bitfusion.scheduler.Pools.servers;
import static org.bitfusion.scheduler.Pools.shown;
import static org.bitfusion.scheduler.Pools.whole;

import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.request.Choice;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.Share;
import org.junit.jupiter.api.Test;

class PlacementTest {
    private static String decide(Snapshot pool, int count, Share share) {
        return decide(pool, count, share, Choice.ANY);
    }

    private static String decide(Snapshot pool, int count, Share share, Choice choice) {
        return shown(Scheduler.decide(pool, request(100, "a", count, share, choice), NOW));
    }

    @Test
    void wholeGpusAreGranted() {
        assertThat(decide(pool(appliance(1, 16, 16)), 2, whole())).isEqualTo("1:0=16 1:1=16");
    }

    @Test
    void aWholeGpuIsOneThatNobodyUses() {
        Snapshot pool = pool(appliance(1, 16, 16)).withLease(lease(1, 1, 0, 2));
        assertThat(decide(pool, 1, whole())).isEqualTo("1:1=16");
        assertThat(decide(pool, 2, whole())).isEqualTo("queued 1");
    }

    @Test
    void aFractionIsOfEachGpusOwnMemoryAndRoundedDown() {
        assertThat(decide(pool(appliance(1, 16_160, 32_510)), 2, part("0.8")))
                .isEqualTo("1:0=12928 1:1=26008");
    }

    @Test
    void mebibytesAreTheSameOnEachGpu() {
        assertThat(decide(pool(appliance(1, 16, 32)), 2, mebibytes(10))).isEqualTo("1:0=10 1:1=10");
    }

    @Test
    void twoSharesOfOneRequestAreNeverOnOneGpu() {
        assertThat(decide(pool(appliance(1, 16), appliance(2, 16)), 2, mebibytes(4)))
                .isEqualTo("1:0=4 2:0=4");
        assertThat(decide(pool(appliance(1, 16)), 2, mebibytes(4)))
                .isEqualTo("refused TOO_FEW_GPUS");
    }

    @Test
    void twoThirdsAndOneThirdShareAGpuAndAThirdOneWaits() {
        Snapshot pool = pool(appliance(1, 16_160));
        Request first = request(1, "a", 1, part("0.66"));
        pool = Pools.with(pool, first, Scheduler.decide(pool, first, NOW));
        Request second = request(2, "b", 1, part("0.33"));
        pool = Pools.with(pool, second, Scheduler.decide(pool, second, NOW));
        assertThat(decide(pool, 1, part("0.33"))).isEqualTo("queued 1");
    }

    @Test
    void gpusOfSeveralApplianceAreOneLease() {
        assertThat(decide(pool(appliance(1, 16, 16), appliance(2, 16, 16)), 3, whole()))
                .isEqualTo("1:0=16 1:1=16 2:0=16");
    }

    @Test
    void oneApplianceIsPreferredThoughItsGpusFitWorse() {
        Snapshot pool =
                pool(appliance(1, 16), appliance(2, 16), appliance(3, 16, 16))
                        .withLease(lease(1, 1, 0, 4))
                        .withLease(lease(2, 2, 0, 4));
        assertThat(decide(pool, 2, mebibytes(12))).isEqualTo("3:0=12 3:1=12");
    }

    @Test
    void fewAppliancesArePreferred() {
        Snapshot pool =
                pool(
                        appliance(1, 16, 16),
                        appliance(2, 16, 16, 16),
                        appliance(3, 16, 16),
                        appliance(4, 16, 16, 16));
        assertThat(decide(pool, 6, whole())).isEqualTo("2:0=16 2:1=16 2:2=16 4:0=16 4:1=16 4:2=16");
    }

    @Test
    void theRestComesFromWhereItFitsBest() {
        Snapshot pool = pool(appliance(1, 16, 16, 16), appliance(2, 16, 16), appliance(3, 16));
        assertThat(decide(pool, 4, whole())).isEqualTo("1:0=16 1:1=16 1:2=16 3:0=16");
    }

    @Test
    void theGpuOnWhichTheLeastIsLeftOverIsTaken() {
        Snapshot pool =
                pool(appliance(1, 16, 16, 16))
                        .withLease(lease(1, 1, 0, 2))
                        .withLease(lease(2, 1, 1, 10));
        assertThat(decide(pool, 1, mebibytes(5))).isEqualTo("1:1=5");
    }

    @Test
    void wholeGpusAreKeptThoughThereIsLessLeftOverOnThem() {
        Snapshot pool = pool(appliance(1, 16), appliance(2, 80)).withLease(lease(1, 2, 0, 10));
        assertThat(decide(pool, 1, mebibytes(16))).isEqualTo("2:0=16");
    }

    @Test
    void wholeAppliancesAreKept() {
        Snapshot pool =
                pool(appliance(1, 16, 16), appliance(2, 16, 16)).withLease(lease(1, 2, 1, 16));
        assertThat(decide(pool, 1, whole())).isEqualTo("2:0=16");
        assertThat(decide(pool, 1, mebibytes(4))).isEqualTo("2:0=4");
    }

    @Test
    void whatOthersThanLeasesUseIsNotGranted() {
        Snapshot pool = pool(appliance(1, 16, 16)).withReserved(Pools.id(1), 0, 10);
        assertThat(decide(pool, 1, mebibytes(6))).isEqualTo("1:0=6");
        assertThat(decide(pool, 1, mebibytes(7))).isEqualTo("1:1=7");
        assertThat(decide(pool, 2, mebibytes(7))).isEqualTo("queued 1");
    }

    @Test
    void aGrantThatTheLedgerRefusedIsNotRepeated() {
        Snapshot pool = pool(appliance(1, 16), appliance(2, 16));
        assertThat(decide(pool, 1, mebibytes(10))).isEqualTo("1:0=10");
        assertThat(decide(pool.withFree(Pools.id(1), 0, 3), 1, mebibytes(10))).isEqualTo("2:0=10");
    }

    @Test
    void whatAnApplianceSaysIsFreeIsFree() {
        Snapshot pool =
                pool(appliance(1, 16)).withLease(lease(1, 1, 0, 4)).withFree(Pools.id(1), 0, 3);
        assertThat(pool.freeMiB(Pools.id(1), 0)).isEqualTo(3);
        assertThat(pool.withFree(Pools.id(1), 0, 12).freeMiB(Pools.id(1), 0)).isEqualTo(12);
    }

    @Test
    void moreLeasesThanMemoryLeaveNothingToGrant() {
        Snapshot pool =
                pool(appliance(1, 16)).withLease(lease(1, 1, 0, 12)).withLease(lease(2, 1, 0, 12));
        assertThat(decide(pool, 1, mebibytes(2))).isEqualTo("queued 1");
        assertThat(decide(pool.withoutLease(Pools.id(1)), 1, mebibytes(4))).isEqualTo("1:0=4");
    }

    @Test
    void drainingAndUnavailableAppliancesGetNoNewLeases() {
        Appliance one = appliance(1, 16);
        for (ApplianceState state :
                new ApplianceState[] {ApplianceState.DRAINING, ApplianceState.UNAVAILABLE}) {
            Snapshot pool = pool(one.withState(state), appliance(2, 16));
            assertThat(decide(pool, 1, whole())).isEqualTo("2:0=16");
            assertThat(decide(pool.withoutAppliance(Pools.id(2)), 1, whole()))
                    .isEqualTo("queued 1");
        }
    }

    @Test
    void filtersChooseGpus() {
        Snapshot pool =
                pool(appliance(1, "NVIDIA T4", 16), appliance(2, "NVIDIA A100-PCIE-40GB", 40));
        assertThat(decide(pool, 1, mebibytes(4), filters("device.name=*A100*"))).isEqualTo("2:0=4");
        assertThat(decide(pool, 1, mebibytes(4), filters("device.name!=*A100*")))
                .isEqualTo("1:0=4");
        assertThat(
                        decide(
                                pool,
                                1,
                                mebibytes(4),
                                filters("device.phy-memory>16", "server.has-rdma=true")))
                .isEqualTo("2:0=4");
    }

    @Test
    void aServerListPins() {
        Snapshot pool = pool(appliance(1, 16), appliance(2, 16), appliance(3, 16));
        assertThat(decide(pool, 1, whole(), servers("10.0.0.2:56001"))).isEqualTo("2:0=16");
        assertThat(decide(pool, 1, whole(), servers("10.1.0.3"))).isEqualTo("3:0=16");
        assertThat(decide(pool, 2, whole(), servers("10.0.0.3; gpu-2"))).isEqualTo("2:0=16 3:0=16");
        assertThat(decide(pool, 1, whole(), servers("10.0.0.2:56002")))
                .isEqualTo("refused NO_SUCH_SERVER");
    }

    @Test
    void gpuNumbersMayHaveGaps() {
        Appliance one = appliance(1, 16, 16, 16);
        Snapshot pool = pool(one.withGpus(one.gpus().subList(1, 3)));
        Request first = request(1, "a", 1, whole());
        Decision decision = Scheduler.decide(pool, first, NOW);
        assertThat(shown(decision)).isEqualTo("1:1=16");
        assertThat(decide(Pools.with(pool, first, decision), 1, whole())).isEqualTo("1:2=16");
    }
}
