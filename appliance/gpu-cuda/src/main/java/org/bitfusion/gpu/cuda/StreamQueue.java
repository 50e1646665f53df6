package org.bitfusion.gpu.cuda;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.bitfusion.gpu.CudaStatus;

/// What a stream has not handed to the driver yet.
///
/// The driver's own queue holds about 1,024 pieces of work of a stream, and the call that brings
/// one more waits with its thread (CUDA C++ Programming Guide, "Asynchronous Concurrent
/// Execution"). So no more than [#MOST_IN_DRIVER] are handed over; the rest follows when some are
/// done. Whatever else a stream has to wait for waits here too: a host function of the program, or
/// room for what it reads. Thread-safe.
final class StreamQueue {
    /// Less than 1,024: marks come on top.
    private static final int MOST_IN_DRIVER = 800;

    /// After so many operations a mark tells how far the stream is.
    private static final int MARK_STEP = 100;

    /// Nothing has to happen first.
    static final BooleanSupplier READY = () -> true;

    /// One piece of work.
    interface Operation {
        /// Hands it to the driver; called with the queue's lock, in the queue's order.
        ///
        /// @param late whether the caller has been answered before
        CudaStatus submit(boolean late);

        /// It will not be handed over: the context ends.
        default void drop() {}
    }

    private record Waiting(Operation operation, BooleanSupplier ready) {}

    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private final Runnable marker;
    private final Consumer<CudaStatus> late;
    private final AtomicLong submitted = new AtomicLong();
    private final AtomicLong done = new AtomicLong();
    private long marked;
    private boolean dropped;

    /// Somebody has looked, or could not, since what waits was last looked through.
    private volatile boolean again;

    private final AtomicLong entered = new AtomicLong();
    private final AtomicLong left = new AtomicLong();

    /// @param marker submits a mark, with the lock
    /// @param late told of failures that the caller cannot be told of any more
    StreamQueue(Runnable marker, Consumer<CudaStatus> late) {
        this.marker = marker;
        this.late = late;
    }

    /// Hands an operation over, now or, behind others, later.
    ///
    /// @param ready whether what it depends on has happened; when that changes, somebody calls
    ///   [#submitWaiting]; the caller does so too if [#isToBeLookedAt] afterwards
    /// @return what the driver says, or SUCCESS if that is not known yet
    CudaStatus submit(Operation operation, BooleanSupplier ready) {
        lock.lock();
        try {
            if (dropped) {
                return CudaStatus.CONTEXT_IS_DESTROYED;
            }
            if (waiting.isEmpty() && hasRoom() && ready.getAsBoolean()) {
                return hand(operation, false);
            }
            waiting.add(new Waiting(operation, ready));
            entered.incrementAndGet();
            return CudaStatus.SUCCESS;
        } finally {
            lock.unlock();
        }
    }

    private boolean hasRoom() {
        return submitted.get() - done.get() < MOST_IN_DRIVER;
    }

    private CudaStatus hand(Operation operation, boolean isLate) {
        long count = submitted.incrementAndGet();
        CudaStatus status = operation.submit(isLate);
        if (count - marked >= MARK_STEP) {
            marker.run();
        }
        return status;
    }

    /// Hands over what can be. Does not wait for a thread that is just doing that.
    ///
    /// @return whether anything was handed over
    boolean submitWaiting() {
        boolean any = false;
        again = true;
        while (again && isWaiting() && lock.tryLock()) {
            try {
                again = false;
                any |= handOverWaiting();
            } finally {
                lock.unlock();
            }
        }
        return any;
    }

    /// Whether something waits that somebody has tried to hand over while it was not there yet, or
    /// while this thread was in the way.
    boolean isToBeLookedAt() {
        return again && isWaiting();
    }

    private boolean handOverWaiting() {
        boolean any = false;
        while (!waiting.isEmpty() && hasRoom() && waiting.peek().ready().getAsBoolean()) {
            CudaStatus status = hand(waiting.remove().operation(), true);
            left.incrementAndGet();
            any = true;
            if (!status.isSuccess()) {
                late.accept(status);
            }
        }
        return any;
    }

    /// Drops what waits, and whatever comes; behind a mark after what the driver has.
    void drop() {
        List<Operation> gone = new ArrayList<>();
        lock.lock();
        try {
            if (dropped) {
                return;
            }
            dropped = true;
            marker.run();
            waiting.forEach(one -> gone.add(one.operation()));
            waiting.clear();
            left.set(entered.get());
        } finally {
            lock.unlock();
        }
        gone.forEach(Operation::drop);
    }

    /// A mark is about to be waited for. With the lock.
    ///
    /// @param own whether the mark is no operation itself
    /// @return what the stream has been given, the mark included
    long mark(boolean own) {
        marked = own ? submitted.incrementAndGet() : submitted.get();
        return marked;
    }

    /// The stream has done so much.
    void done(long count) {
        done.accumulateAndGet(count, Math::max);
    }

    /// Whether the driver is known to have done all that was asked for before, and nothing of it
    /// waits. Without the lock: who wants to hand something over must not find it taken for this.
    boolean isDone() {
        return !isWaiting() && done.get() == submitted.get();
    }

    boolean isWaiting() {
        return left.get() != entered.get();
    }

    /// True when all that waits now has been handed over.
    BooleanSupplier whenHandedOver() {
        long all = entered.get();
        return () -> left.get() >= all;
    }
}
