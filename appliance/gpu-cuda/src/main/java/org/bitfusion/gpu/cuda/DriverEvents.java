package org.bitfusion.gpu.cuda;

import java.util.ArrayDeque;
import org.bitfusion.gpu.Outcome;

/// Events of the driver, used again and again: of each context a store for those that measure time
/// and one for those that do not. Thread-safe.
final class DriverEvents {
    /// CU_EVENT_BLOCKING_SYNC: who waits sleeps instead of spinning.
    private static final int BLOCKING = 1;

    private static final int WITHOUT_TIMING = 2;

    private final ArrayDeque<Long> timed = new ArrayDeque<>();
    private final ArrayDeque<Long> untimed = new ArrayDeque<>();

    private ArrayDeque<Long> store(boolean withTime) {
        return withTime ? timed : untimed;
    }

    /// The context must be current.
    Outcome<Long> take(boolean withTime) {
        Long kept;
        synchronized (this) {
            kept = store(withTime).poll();
        }
        int flags = withTime ? BLOCKING : BLOCKING | WITHOUT_TIMING;
        return kept != null
                ? Outcome.of(kept)
                : Scratch.longFrom(room -> CudaLibrary.cuEventCreate(room, flags));
    }

    synchronized void giveBack(long event, boolean withTime) {
        store(withTime).push(event);
    }
}
