package org.bitfusion.worker;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/// When the program last used its session: made a call that reached this process, or had work
/// queued or running. Looked at once a [#PERIOD], so that it costs calls nothing.
final class Activity {
    static final Duration PERIOD = Duration.ofSeconds(1);

    private final LongSupplier calls;
    private final BooleanSupplier works;
    private final LongSupplier nanoClock;
    private long seen;
    private volatile long lastUse;

    /// @param calls what grows with each call
    /// @param works whether something that was asked for is queued or runs
    /// @param nanoClock as [System#nanoTime]
    Activity(LongSupplier calls, BooleanSupplier works, LongSupplier nanoClock) {
        this.calls = calls;
        this.works = works;
        this.nanoClock = nanoClock;
        lastUse = nanoClock.getAsLong();
    }

    /// By one thread.
    ///
    /// @return whether the session was used since the last look
    boolean look() {
        long now = calls.getAsLong();
        boolean isUsed = works.getAsBoolean() || now != seen;
        seen = now;
        if (isUsed) {
            lastUse = nanoClock.getAsLong();
        }
        return isUsed;
    }

    /// Since the last look that found it used.
    Duration idle() {
        return Duration.ofNanos(nanoClock.getAsLong() - lastUse);
    }
}
