package org.bitfusion.worker;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// What has to happen from time to time while workers copy to each other. One thread, which is
/// there from the first copy on; what it does must be short.
final class PeerClock {
    private final ScheduledExecutorService thread =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("peer-clock").factory());

    /// Ends what was asked for.
    interface Stop extends AutoCloseable {
        @Override
        void close();
    }

    Stop every(Duration period, Runnable action) {
        return stop(
                thread.scheduleWithFixedDelay(
                        action, period.toNanos(), period.toNanos(), TimeUnit.NANOSECONDS));
    }

    Stop after(Duration delay, Runnable action) {
        return stop(thread.schedule(action, delay.toNanos(), TimeUnit.NANOSECONDS));
    }

    private static Stop stop(Future<?> future) {
        return () -> future.cancel(false);
    }
}
