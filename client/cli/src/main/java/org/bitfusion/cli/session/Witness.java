package org.bitfusion.cli.session;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// What the starter's witness (`src/main/c/witness.h`) sees of this host's programs: GPU sessions
/// that they open, and that they leave by ending.
public final class Witness {
    /// A GPU session of a program of this host.
    ///
    /// @param server number of the server's line in the adaptor file
    public record OpenSession(int server, UUID id) {
        static OpenSession parse(String server, String digits) {
            UUID id =
                    new UUID(
                            Long.parseUnsignedLong(digits, 0, 16, 16),
                            Long.parseUnsignedLong(digits, 16, 32, 16));
            return new OpenSession(Integer.parseInt(server), id);
        }

        /// By hand, as [org.bitfusion.cli.configuration.ServerAddress] does it.
        @Override
        public boolean equals(Object other) {
            return other instanceof OpenSession that && server == that.server && id.equals(that.id);
        }

        @Override
        public int hashCode() {
            return 31 * id.hashCode() + server;
        }
    }

    /// How soon after a program's end the witness has told of it.
    private static final long TOLD_MILLISECONDS = 50;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Set<OpenSession> open = new HashSet<>();
    private final Deque<OpenSession> gone = new ArrayDeque<>();

    Witness() {}

    /// Passes the ends on from now on.
    ///
    /// @param onGone given a session whose program has ended, on a thread of its own, in which it
    ///   may wait
    void passOnTo(Consumer<OpenSession> onGone) {
        Thread thread = new Thread(() -> passOn(onGone), "witness");
        thread.setDaemon(true);
        thread.start();
    }

    private void passOn(Consumer<OpenSession> onGone) {
        try {
            while (true) {
                OpenSession session = nextGone();
                onGone.accept(session);
                forget(session);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private OpenSession nextGone() throws InterruptedException {
        lock.lock();
        try {
            while (gone.isEmpty()) {
                changed.await();
            }
            return gone.getFirst();
        } finally {
            lock.unlock();
        }
    }

    private void forget(OpenSession session) {
        lock.lock();
        try {
            gone.removeFirst();
            open.remove(session);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void opened(OpenSession session) {
        lock.lock();
        try {
            open.add(session);
        } finally {
            lock.unlock();
        }
    }

    void gone(OpenSession session) {
        lock.lock();
        try {
            gone.add(session);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Waits until the ends of the programs that have ended by now are passed on, `longest` at
    /// most. Programs that go on are not waited for.
    public void awaitPassedOn(Duration longest) {
        long start = System.nanoTime();
        lock.lock();
        try {
            while (!open.isEmpty()) {
                long limit =
                        gone.isEmpty()
                                ? TimeUnit.MILLISECONDS.toNanos(TOLD_MILLISECONDS)
                                : longest.toNanos();
                long left = limit - (System.nanoTime() - start);
                if (left <= 0) {
                    return;
                }
                var _ = changed.awaitNanos(left);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }
}
