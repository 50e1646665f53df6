package org.bitfusion.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ActivityTest {
    private final AtomicLong calls = new AtomicLong();
    private final AtomicBoolean works = new AtomicBoolean();
    private final AtomicLong nanos = new AtomicLong(-5);
    private final Activity activity = new Activity(calls::get, works::get, nanos::get);

    private boolean look(Duration later) {
        nanos.addAndGet(later.toNanos());
        return activity.look();
    }

    @Test
    void callsAndWorkAreUse() {
        assertThat(look(Activity.PERIOD)).isFalse();
        calls.addAndGet(64);
        assertThat(look(Activity.PERIOD)).isTrue();
        assertThat(activity.idle()).isZero();
        works.set(true);
        assertThat(look(Activity.PERIOD)).as("a long kernel").isTrue();
        works.set(false);
        assertThat(look(Activity.PERIOD)).isFalse();
        assertThat(activity.idle()).isEqualTo(Activity.PERIOD);
    }

    @Test
    void itIsIdleFromTheLastLookThatFoundItUsed() {
        calls.addAndGet(1);
        look(Activity.PERIOD);
        for (int i = 0; i < 10; i++) {
            look(Activity.PERIOD);
        }
        assertThat(activity.idle()).isEqualTo(Activity.PERIOD.multipliedBy(10));
    }
}
