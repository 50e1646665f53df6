package org.bitfusion.worker.wire;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.bitfusion.protocol.message.WireConstants;
import org.jspecify.annotations.Nullable;

/// Whose turn it is to read and to execute, of the two threads of [FrameLoop]; knows nothing of
/// frames but their numbers.
final class Turns {
    /// How often the one who looks on does so.
    private static final long PERIOD_NANOSECONDS = 1_000_000;

    /// An execution that waits for so long goes on beside the reading.
    private static final long LONG_NANOSECONDS = 2 * PERIOD_NANOSECONDS;

    /// So does one that computes for so long; on a busy machine it may only want a processor.
    private static final long COMPUTES_LONG_NANOSECONDS = 20 * PERIOD_NANOSECONDS;

    /// The one who looks on sleeps after so many looks at the same wait for the client.
    private static final int QUIET_LOOKS = 20;

    /// What the thread with the reading turn does: a positive number: it has both turns and
    /// executes the frame of that number, so the reading turn can be taken from it; a negative one:
    /// waits for the client for that many-th time; 0: anything else.
    private final AtomicLong doing = new AtomicLong();

    /// Knows whether somebody has the executing turn.
    private final FrameQueue queue = new FrameQueue(WireConstants.WINDOW);

    private final PayloadRest rest = new PayloadRest();
    private final BooleanSupplier over;

    /// Numbers for `doing`; these two belong to the reading turn.
    private long executions;

    private long waits;

    /// The thread that has both turns, if one has.
    private volatile @Nullable Thread both;

    /// The thread that looks on, while it sleeps until it is woken.
    private volatile @Nullable Thread sleeping;

    /// The side that has the executing turn; written and read by that side.
    private @Nullable FrameSide executing;

    /// @param over whether what is left to be executed need not be any more
    Turns(BooleanSupplier over) {
        this.over = over;
    }

    FrameQueue queue() {
        return queue;
    }

    PayloadRest rest() {
        return rest;
    }

    boolean isOver() {
        return over.getAsBoolean();
    }

    /// The side begins to execute with both turns, in the calling thread.
    void takeBoth(FrameSide side) {
        executing = side;
        both = Thread.currentThread();
    }

    /// No thread has both turns any more.
    void haveParted() {
        both = null;
    }

    /// Who has the executing turn; for that thread.
    FrameSide executing() {
        return Objects.requireNonNull(executing);
    }

    boolean isBothOfThisThread() {
        return Thread.currentThread().equals(both);
    }

    /// Whether a frame is being executed, as far as one look can tell. By any thread.
    boolean isExecuting() {
        return doing.get() > 0 || (both == null && queue.isTurnTaken());
    }

    /// The one with both turns executes a frame: from here on the other may take the reading turn.
    ///
    /// @return the frame's number
    long executes() {
        long number = ++executions;
        doing.setRelease(number);
        return number;
    }

    /// From here on the other side cannot take the reading turn.
    ///
    /// @return false if it has
    boolean keepsReading(long number) {
        return doing.compareAndSet(number, 0);
    }

    /// The one with the reading turn waits for the client.
    void waits() {
        doing.set(- ++waits);
    }

    void hasWaited() {
        doing.set(0);
        Thread sleeper = sleeping;
        if (sleeper != null) {
            sleeping = null;
            LockSupport.unpark(sleeper);
        }
    }

    /// Without any turn; returns with the reading turn.
    ///
    /// @param runnable whether the other side computes
    /// @return the number of what the other side executes
    long lookOn(BooleanSupplier runnable) throws InterruptedException {
        long seen = 0;
        long since = 0;
        int quiet = 0;
        while (true) {
            long now = doing.get();
            if (now != seen) {
                seen = now;
                since = System.nanoTime();
                quiet = 0;
            } else if (now > 0
                    && takesLong(runnable, System.nanoTime() - since)
                    && doing.compareAndSet(now, 0)) {
                return now;
            } else if (now < 0 && ++quiet > QUIET_LOOKS) {
                sleepWhile(now);
            }
            LockSupport.parkNanos(this, PERIOD_NANOSECONDS);
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }

    private static boolean takesLong(BooleanSupplier runnable, long nanoseconds) {
        return nanoseconds >= COMPUTES_LONG_NANOSECONDS
                || (nanoseconds >= LONG_NANOSECONDS && !runnable.getAsBoolean());
    }

    private void sleepWhile(long waiting) throws InterruptedException {
        sleeping = Thread.currentThread();
        while (sleeping != null && doing.get() == waiting) {
            LockSupport.park(this);
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
        sleeping = null;
    }
}
