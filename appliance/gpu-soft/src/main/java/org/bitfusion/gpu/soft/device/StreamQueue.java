package org.bitfusion.gpu.soft.device;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// Operations in order, one at a time. An operation starts when those before it are over and the
/// points in other queues that it depends on are reached. Small operations run in the thread that
/// submits them when nothing stands before them; others run in threads of the executor. All queues
/// of a driver share one lock, held for bookkeeping only.
final class StreamQueue {
    private static final StreamQueue[] NONE = {};

    private final Object lock;
    private final Executor threads;
    private final ArrayDeque<Operation> waiting = new ArrayDeque<>();
    private final PriorityQueue<Waiter> waiters =
            new PriorityQueue<>(Comparator.comparingLong(Waiter::sequence));
    private long submitted;
    private long completed;
    private boolean running;

    StreamQueue(Object lock, Executor threads) {
        this.lock = lock;
        this.threads = threads;
    }

    /// A place in a queue: reached when the operation of that number is over.
    record Point(StreamQueue queue, long sequence) {
        boolean isReached() {
            synchronized (queue.lock) {
                return queue.completed >= sequence;
            }
        }
    }

    private record Waiter(long sequence, Runnable action) {}

    boolean isIdle() {
        synchronized (lock) {
            return completed == submitted;
        }
    }

    /// The place behind everything submitted so far.
    Point tail() {
        synchronized (lock) {
            return new Point(this, submitted);
        }
    }

    /// Runs an action when a place of this queue is reached: at once, in this thread, when it is.
    void whenReached(long sequence, Runnable action) {
        synchronized (lock) {
            if (completed < sequence) {
                waiters.add(new Waiter(sequence, action));
                return;
            }
        }
        action.run();
    }

    /// Adds an operation.
    ///
    /// @param after queues whose present content comes first
    /// @param point a further place that comes first, or null
    /// @param inline small: may run in this thread
    void submit(Operation operation, StreamQueue[] after, @Nullable Point point, boolean inline) {
        synchronized (lock) {
            operation.sequence = ++submitted;
            depend(operation, after, point);
            if (running || operation.unmet > 0 || !waiting.isEmpty()) {
                waiting.add(operation);
                return;
            }
            running = true;
            if (!inline) {
                threads.execute(() -> drain(operation));
                return;
            }
        }
        if (operation.execute()) {
            finish(operation);
        }
    }

    private void depend(Operation operation, StreamQueue[] after, @Nullable Point point) {
        for (StreamQueue other : after) {
            if (other.completed < other.submitted) {
                operation.unmet++;
                other.waiters.add(new Waiter(other.submitted, () -> met(operation)));
            }
        }
        if (point != null && point.queue.completed < point.sequence) {
            operation.unmet++;
            point.queue.waiters.add(new Waiter(point.sequence, () -> met(operation)));
        }
    }

    /// Starts an operation in this thread if nothing stands before it: then the caller does its
    /// work and calls [#finish]. Else nothing happens.
    boolean tryHold(Operation operation, StreamQueue[] after) {
        synchronized (lock) {
            if (running || !waiting.isEmpty()) {
                return false;
            }
            for (StreamQueue other : after) {
                if (other.completed < other.submitted) {
                    return false;
                }
            }
            operation.sequence = ++submitted;
            running = true;
            return true;
        }
    }

    /// Ends an operation whose [Operation#execute] answered false, or that was held.
    void finish(Operation operation) {
        Operation next = complete(operation);
        if (next != null) {
            threads.execute(() -> drain(next));
        }
    }

    private void met(Operation operation) {
        synchronized (lock) {
            if (--operation.unmet > 0 || running || !operation.equals(waiting.peek())) {
                return;
            }
            waiting.remove();
            running = true;
        }
        threads.execute(() -> drain(operation));
    }

    private void drain(Operation first) {
        Operation next = first;
        while (next != null && next.execute()) {
            next = complete(next);
        }
    }

    private @Nullable Operation complete(Operation operation) {
        List<Runnable> actions = List.of();
        Operation next = null;
        synchronized (lock) {
            completed = operation.sequence;
            if (!waiters.isEmpty()) {
                actions = reached();
            }
            Operation head = waiting.peek();
            if (head != null && head.unmet == 0) {
                next = waiting.remove();
            } else {
                running = false;
            }
        }
        actions.forEach(Runnable::run);
        return next;
    }

    private List<Runnable> reached() {
        List<Runnable> actions = new ArrayList<>();
        while (!waiters.isEmpty() && waiters.peek().sequence() <= completed) {
            actions.add(waiters.remove().action());
        }
        return actions;
    }

    /// Runs an action when everything that is now in any of the queues is over.
    static void whenAllReached(Object lock, Iterable<StreamQueue> queues, Runnable action) {
        int[] remaining = {0};
        boolean nothing;
        Runnable arrival =
                () -> {
                    synchronized (lock) {
                        if (--remaining[0] > 0) {
                            return;
                        }
                    }
                    action.run();
                };
        synchronized (lock) {
            for (StreamQueue queue : queues) {
                if (queue.completed < queue.submitted) {
                    queue.waiters.add(new Waiter(queue.submitted, arrival));
                    remaining[0]++;
                }
            }
            nothing = remaining[0] == 0;
        }
        if (nothing) {
            action.run();
        }
    }

    static StreamQueue[] none() {
        return NONE;
    }
}
