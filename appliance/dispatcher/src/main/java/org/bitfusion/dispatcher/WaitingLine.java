package org.bitfusion.dispatcher;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/// Who waits for devices, in the order in which they came. A waiter is served only when all who
/// came before it are served or gone, so that one that wants much is not overtaken for ever by
/// those that want little. Waiting is asking again: one that has stopped asking loses its place.
///
/// Used by one thread only.
final class WaitingLine {
    /// A command that waits asks twice a second.
    static final Duration PATIENCE = Duration.ofSeconds(5);

    private final LongSupplier nanoClock;
    private final Map<Object, Long> lastAsked = new LinkedHashMap<>();

    /// @param nanoClock as [System#nanoTime]
    WaitingLine(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    /// How many wait before `waiter`, which may be new.
    int before(Object waiter) {
        forgetSilent();
        int before = 0;
        for (Object other : lastAsked.keySet()) {
            if (other.equals(waiter)) {
                return before;
            }
            before++;
        }
        return before;
    }

    private void forgetSilent() {
        long now = nanoClock.getAsLong();
        Iterator<Long> times = lastAsked.values().iterator();
        while (times.hasNext()) {
            if (now - times.next() >= PATIENCE.toNanos()) {
                times.remove();
            }
        }
    }

    /// `waiter` asked in vain: it keeps its place, or takes the last.
    ///
    /// @return whether it is new
    boolean stay(Object waiter) {
        return lastAsked.put(waiter, nanoClock.getAsLong()) == null;
    }

    /// `waiter` is served, or gone.
    void leave(Object waiter) {
        lastAsked.remove(waiter);
    }
}
