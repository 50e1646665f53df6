package org.bitfusion.cluster.process;

import java.time.Duration;

/// How long to wait before the next start of a process that ended: twice as long each time, at most
/// [#LONGEST]; from the beginning when it had run well. Immutable.
record BackOff(Duration next) {
    static final Duration SHORTEST = Duration.ofMillis(250);
    static final Duration LONGEST = Duration.ofSeconds(15);

    /// Who runs for so long did start.
    static final Duration WELL = Duration.ofMinutes(1);

    static final BackOff FIRST = new BackOff(SHORTEST);

    /// @param ran how long the process had run
    BackOff after(Duration ran) {
        if (ran.compareTo(WELL) >= 0) {
            return FIRST;
        }
        Duration doubled = next.multipliedBy(2);
        return new BackOff(doubled.compareTo(LONGEST) > 0 ? LONGEST : doubled);
    }
}
