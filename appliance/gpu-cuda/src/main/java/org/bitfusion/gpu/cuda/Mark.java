package org.bitfusion.gpu.cuda;

import java.util.ArrayList;
import java.util.List;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.jspecify.annotations.Nullable;

/// A place in a stream: an event of the driver that is recorded once. It has no event before it has
/// been handed to the driver, and gives it back when nobody names it any more. Thread-safe.
final class Mark {
    private final CudaGpuStream stream;
    private final boolean timed;
    private final List<Completion> waiting = new ArrayList<>(1);
    private int users = 1;
    private long event;
    private boolean submitted;
    private @Nullable CudaStatus reached;

    /// @param timed whether it remembers when it was reached
    Mark(CudaGpuStream stream, boolean timed) {
        this.stream = stream;
        this.timed = timed;
    }

    CudaGpuStream stream() {
        return stream;
    }

    boolean isTimed() {
        return timed;
    }

    /// It is in the driver's queue, and the order of later work follows from there.
    synchronized void submitted(long driverEvent) {
        event = driverEvent;
        submitted = true;
    }

    synchronized boolean isSubmitted() {
        return submitted;
    }

    /// The driver's event; 0 before it is submitted, and when it could not be.
    synchronized long event() {
        return event;
    }

    /// Null until the stream has got here.
    synchronized @Nullable CudaStatus outcome() {
        return reached;
    }

    /// Tells when the stream has got here, at once if it has.
    void whenReached(Completion completion) {
        CudaStatus known;
        synchronized (this) {
            known = reached;
            if (known == null) {
                waiting.add(completion);
            }
        }
        if (known != null) {
            completion.completed(known);
        }
    }

    /// The stream has got here. Only the first word counts.
    void reach(CudaStatus status) {
        List<Completion> told;
        synchronized (this) {
            if (reached != null) {
                return;
            }
            submitted = true;
            reached = status;
            told = List.copyOf(waiting);
            waiting.clear();
        }
        told.forEach(completion -> completion.completed(status));
    }

    synchronized Mark retain() {
        users++;
        return this;
    }

    void release() {
        long unused = 0;
        synchronized (this) {
            if (--users == 0) {
                unused = event;
                event = 0;
            }
        }
        if (unused != 0) {
            stream.events().giveBack(unused, timed);
        }
    }
}
