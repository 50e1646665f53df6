package org.bitfusion.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.bitfusion.scheduler.Pools.NOW;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;
import org.junit.jupiter.api.Test;

class UpkeepTest {
    private static final Duration RENEWAL = Duration.ofSeconds(30);

    private static Instant before(Duration duration) {
        return NOW.minus(duration);
    }

    private static Upkeep review(
            Lease.Origin origin, Duration idle, Duration absent, Duration idleTimeout) {
        Lease lease =
                new Lease(
                        Pools.id(1), "a", origin, null, List.of(new LeasedGpu(Pools.id(1), 0, 8)));
        return Upkeep.review(
                lease,
                new Upkeep.Use(before(idle), before(absent)),
                new ClientTerms(ClientTerms.NO_LIMIT, 0, idleTimeout, false),
                RENEWAL,
                NOW);
    }

    private static Upkeep.Reason reason(Upkeep upkeep) {
        return ((Upkeep.TakeBack) upkeep).reason();
    }

    @Test
    void aLeaseThatIsNotUsedForTheIdleTimeoutIsTakenBack() {
        Duration timeout = Duration.ofMinutes(5);
        for (Lease.Origin origin : Lease.Origin.values()) {
            assertThat(review(origin, timeout.minusNanos(1), Duration.ZERO, timeout))
                    .isInstanceOf(Upkeep.Keep.class);
            assertThat(reason(review(origin, timeout, Duration.ZERO, timeout)))
                    .isEqualTo(Upkeep.Reason.IDLE);
        }
    }

    @Test
    void itIsSaidHowLongTheyWereNotUsed() {
        Duration timeout = Duration.ofMinutes(5);
        Upkeep upkeep = review(Lease.Origin.RUN, timeout, Duration.ZERO, timeout);
        assertThat(((Upkeep.TakeBack) upkeep).sentence())
                .isEqualTo(
                        "the GPUs were taken back: nothing was done with them for 5 min, the idle timeout of this client. Run the program again, or ask the pool's administrator for a longer one (bitfusion clients set a --idle-timeout TIME)");
    }

    @Test
    void withoutIdleTimeoutALeaseMayBeIdleForEver() {
        assertThat(review(Lease.Origin.RUN, Duration.ofDays(365), Duration.ZERO, Duration.ZERO))
                .isInstanceOf(Upkeep.Keep.class);
    }

    @Test
    void aLeaseOfRunEndsWhenItIsNotRenewed() {
        assertThat(review(Lease.Origin.RUN, Duration.ZERO, RENEWAL.minusNanos(1), Duration.ZERO))
                .isInstanceOf(Upkeep.Keep.class);
        assertThat(reason(review(Lease.Origin.RUN, Duration.ZERO, RENEWAL, Duration.ZERO)))
                .isEqualTo(Upkeep.Reason.CLIENT_VANISHED);
    }

    @Test
    void aLeaseOfRequestGpusEndsTenMinutesAfterItsClientVanished() {
        Lease.Origin origin = Lease.Origin.REQUEST_GPUS;
        Duration limit = Duration.ofMinutes(10);
        assertThat(review(origin, Duration.ZERO, limit.minusNanos(1), Duration.ZERO))
                .isInstanceOf(Upkeep.Keep.class);
        assertThat(reason(review(origin, Duration.ZERO, limit, Duration.ZERO)))
                .isEqualTo(Upkeep.Reason.CLIENT_VANISHED);
    }

    @Test
    void aClockThatRunsBehindTakesNothingBack() {
        Duration future = Duration.ofHours(-1);
        assertThat(review(Lease.Origin.RUN, future, future, Duration.ofMinutes(1)))
                .isInstanceOf(Upkeep.Keep.class);
    }
}
