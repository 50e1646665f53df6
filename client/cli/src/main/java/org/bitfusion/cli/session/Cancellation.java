package org.bitfusion.cli.session;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/// What has to be undone when the user stops the command before his program runs. From then on
/// nothing can be made any more, so nothing is left behind.
public final class Cancellation {
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Runnable> undoing = new ArrayDeque<>();
    private final IntConsumer end;
    private volatile boolean isCancelled;

    /// @param end ends the process, given the signal's number; called at most once, and nothing is
    ///   made while or after it runs
    public Cancellation(IntConsumer end) {
        this.end = end;
    }

    /// Makes something that a cancellation undoes, the last one first; waits for ever once there
    /// was one.
    public <T> T make(Supplier<T> maker, Consumer<? super T> undo) {
        lock.lock();
        try {
            T made = maker.get();
            undoing.push(() -> undo.accept(made));
            return made;
        } finally {
            lock.unlock();
        }
    }

    /// Undoes all and ends the process, with the signal's code whatever cannot be undone.
    public void cancel(int signal) {
        isCancelled = true;
        lock.lock(); // never unlocked: the process ends
        try {
            for (Runnable undo : undoing) {
                run(undo);
            }
        } finally {
            end.accept(signal);
        }
    }

    private static void run(Runnable undo) {
        try {
            undo.run();
        } catch (RuntimeException _) {
            // The rest is undone all the same.
        }
    }

    /// Waits for ever once there was a cancellation: what failed since failed because of that, and
    /// is not to be told, nor to end the process before all is undone.
    public void awaitEnd() {
        if (isCancelled) {
            lock.lock();
        }
    }
}
