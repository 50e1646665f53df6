package org.bitfusion.worker.wire;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// Frames that have been read while another one was being executed, in order, and whose turn it is
/// to execute. Holds about as many bytes as the client's window has; then who reads waits.
final class FrameQueue {
    private final long most;
    private final ArrayDeque<ByteBuffer> pieces = new ArrayDeque<>();
    private long bytes;
    private boolean executing = true;

    /// Somebody has the executing turn.
    ///
    /// @param most bytes that may wait
    FrameQueue(long most) {
        this.most = most;
    }

    /// Takes the executing turn if nobody has it.
    synchronized boolean takeTurn() {
        boolean free = !executing;
        executing = true;
        return free;
    }

    /// Whether somebody has the executing turn.
    synchronized boolean isTurnTaken() {
        return executing;
    }

    /// Puts frames behind the others; waits while there are too many.
    ///
    /// @param frames whole ones
    synchronized void add(ByteBuffer frames) throws InterruptedException {
        while (executing && bytes > most) {
            wait();
        }
        pieces.add(frames);
        bytes += frames.remaining();
    }

    /// The next frames; for who has the executing turn.
    ///
    /// @return null if there are none
    synchronized @Nullable ByteBuffer poll() {
        ByteBuffer next = pieces.poll();
        if (next != null) {
            bytes -= next.remaining();
            notifyAll();
        }
        return next;
    }

    /// Gives the executing turn up, unless there are frames.
    synchronized boolean giveTurn() {
        executing = !pieces.isEmpty();
        return !executing;
    }
}
