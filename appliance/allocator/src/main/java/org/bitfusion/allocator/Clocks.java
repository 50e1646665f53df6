package org.bitfusion.allocator;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/// The clock that people set, and that steps when they do, and one that nobody sets: what lasts is
/// measured by the second, and only what other managers are told is said by the first.
///
/// @param wall may step, forward and back
/// @param nanoTime as [System#nanoTime]
record Clocks(InstantSource wall, LongSupplier nanoTime) {
    Moment now() {
        return new Moment(wall.instant(), steady());
    }

    /// Since some moment that means nothing to anybody else.
    Instant steady() {
        return Instant.EPOCH.plusNanos(nanoTime.getAsLong());
    }

    /// One moment, as both show it.
    record Moment(Instant wall, Instant steady) {
        /// When the steady clock will be where the other is to show `time`.
        Instant steadyAt(Instant time) {
            return steady.plus(Duration.between(wall, time));
        }

        /// What the other will show when the steady one is at `time`.
        Instant wallAt(Instant time) {
            return wall.plus(Duration.between(steady, time));
        }
    }
}
