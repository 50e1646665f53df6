package org.bitfusion.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.bitfusion.scheduler.Pools.NOW;
import static org.bitfusion.scheduler.Pools.appliance;
import static org.bitfusion.scheduler.Pools.filters;
import static org.bitfusion.scheduler.Pools.mebibytes;
import static org.bitfusion.scheduler.Pools.part;
import static org.bitfusion.scheduler.Pools.pool;
import static org.bitfusion.scheduler.Pools.request;
import static org.bitfusion.scheduler.Pools.servers;
import static org.bitfusion.scheduler.Pools.shown;
import static org.bitfusion.scheduler.Pools.whole;

import java.util.Arrays;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.request.Refusal;
import org.bitfusion.scheduler.request.Request;
import org.junit.jupiter.api.Test;

class RefusalTest {
    private static final Snapshot POOL =
            pool(appliance(1, 16, 16), appliance(2, "NVIDIA A100", 40));

    private static String words(Snapshot pool, Request request) {
        return ((Decision.Refused) Scheduler.decide(pool, request, NOW)).words();
    }

    @Test
    void moreGpusThanThePoolHas() {
        assertThat(words(POOL, request(1, "a", 4, whole())))
                .isEqualTo(
                        "4 GPUs asked for, but there are only 3: ask for fewer, or add appliances [122]");
        assertThat(words(pool(), request(1, "a", 1, whole())))
                .isEqualTo(
                        "1 GPU asked for, but there are only 0: ask for fewer, or add appliances [122]");
    }

    @Test
    void aShareLargerThanAnyGpu() {
        assertThat(words(POOL, request(1, "a", 1, mebibytes(41))))
                .isEqualTo(
                        "1 GPU with 41 MiB asked for, but the largest GPU has 40 MiB: ask for at most that much [123]");
    }

    @Test
    void aShareThatTooFewGpusAreLargeEnoughFor() {
        assertThat(words(POOL, request(1, "a", 2, mebibytes(17))))
                .isEqualTo(
                        "2 GPUs with 17 MiB asked for, but only 1 GPU can give so much: ask for fewer GPUs, or for another share [122]");
    }

    @Test
    void aShareThatNothingCanBeDoneWith() {
        assertThat(words(POOL, request(1, "a", 1, mebibytes(1))))
                .isEqualTo(
                        "1 GPU with 1 MiB: a share is at least 2 MiB, since GPUs give memory in pages of that size: ask for more [124]");
        assertThat(words(POOL, request(1, "a", 1, part("0.001")))).endsWith("[124]");
    }

    @Test
    void filtersThatMatchNothing() {
        assertThat(
                        words(
                                POOL,
                                request(
                                        1,
                                        "a",
                                        1,
                                        whole(),
                                        filters("device.name=*H100*", "device.id=0"))))
                .isEqualTo(
                        "no GPU passes --filter device.name=*H100* --filter device.id=0: list_gpus shows what there is [121]");
    }

    @Test
    void filtersThatMatchTooFew() {
        assertThat(words(POOL, request(1, "a", 2, whole(), filters("device.name=*A100*"))))
                .isEqualTo(
                        "2 GPUs asked for, but only 1 of the pool's pass --filter device.name=*A100*: ask for fewer, or let more pass [122]");
    }

    @Test
    void aServerThatThePoolDoesNotKnow() {
        assertThat(words(POOL, request(1, "a", 1, whole(), servers("10.9.9.9:56001; gpu-9"))))
                .isEqualTo(
                        "no appliance of the pool has the address 10.9.9.9:56001;gpu-9: look at --server_list; list_gpus shows all appliances [120]");
    }

    @Test
    void oneKnownServerOfAListIsEnough() {
        assertThat(
                        shown(
                                Scheduler.decide(
                                        POOL,
                                        request(1, "a", 1, whole(), servers("gpu-9;gpu-2")),
                                        NOW)))
                .isEqualTo("2:0=40");
    }

    @Test
    void whatIsOnlyAwayNowIsNotRefused() {
        Snapshot away =
                pool(
                        appliance(1, 16).withState(ApplianceState.UNAVAILABLE),
                        appliance(2, 16).withState(ApplianceState.DRAINING));
        assertThat(shown(Scheduler.decide(away, request(1, "a", 2, whole()), NOW)))
                .isEqualTo("queued 1");
        assertThat(
                        shown(
                                Scheduler.decide(
                                        away,
                                        request(
                                                1,
                                                "a",
                                                1,
                                                whole(),
                                                filters("server.hostname=gpu-1")),
                                        NOW)))
                .isEqualTo("queued 1");
        assertThat(shown(Scheduler.decide(away, request(1, "a", 3, whole()), NOW)))
                .isEqualTo("refused TOO_FEW_GPUS");
    }

    @Test
    void numbersAreDifferentAndStay() {
        assertThat(Arrays.stream(Refusal.values()).map(refusal -> refusal.number() + " " + refusal))
                .containsExactly(
                        "101 FILTER_SYNTAX",
                        "102 SHARE_SYNTAX",
                        "103 SERVER_LIST_SYNTAX",
                        "110 CLIENT_DISABLED",
                        "111 OVER_CLIENT_LIMIT",
                        "120 NO_SUCH_SERVER",
                        "121 FILTER_MATCHES_NOTHING",
                        "122 TOO_FEW_GPUS",
                        "123 SHARE_TOO_LARGE",
                        "124 SHARE_TOO_SMALL",
                        "125 TOO_MANY_SERVERS",
                        "130 NO_SUCH_PARENT",
                        "131 PARENT_TOO_SMALL",
                        "140 TIMED_OUT");
    }
}
