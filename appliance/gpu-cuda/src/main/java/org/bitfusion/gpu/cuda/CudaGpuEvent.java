package org.bitfusion.gpu.cuda;

import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuEvent;
import org.bitfusion.gpu.Outcome;
import org.jspecify.annotations.Nullable;

/// An event: the place of its latest record. Each record has an event of the driver of its own, so
/// that what waits for an earlier one, and has not been handed to the driver yet, still means that.
final class CudaGpuEvent implements GpuEvent {
    private static final int WITHOUT_TIMING = 2;

    private final CudaGpuContext context;
    private final boolean timed;
    private @Nullable Mark latest;
    private long reads;

    CudaGpuEvent(CudaGpuContext context, int flags) {
        this.context = context;
        this.timed = (flags & WITHOUT_TIMING) == 0;
    }

    boolean isTimed() {
        return timed;
    }

    /// Retains the mark.
    ///
    /// @param readsBefore how many reads its stream had been asked for
    void recorded(Mark mark, long readsBefore) {
        mark.retain();
        Mark before;
        synchronized (this) {
            before = latest;
            latest = mark;
            reads = readsBefore;
        }
        if (before != null) {
            before.release();
        }
    }

    /// The latest record, which the caller releases; null if there is none.
    synchronized @Nullable Mark latest() {
        Mark mark = latest;
        return mark == null ? null : mark.retain();
    }

    private synchronized long reads() {
        return reads;
    }

    @Override
    public CudaStatus query() {
        Mark mark = latest();
        if (mark == null) {
            return context.noted(CudaStatus.SUCCESS);
        }
        try {
            return status(mark);
        } finally {
            mark.release();
        }
    }

    private CudaStatus status(Mark mark) {
        CudaStatus known = mark.outcome();
        if (known != null) {
            return context.noted(known);
        }
        long event = mark.event();
        if (event == 0) {
            return context.noted(CudaStatus.NOT_READY);
        }
        context.makeCurrent();
        CudaStatus status = context.noted(CudaStatus.of(CudaLibrary.cuEventQuery(event)));
        return status.isSuccess() && !mark.stream().hasGiven(reads())
                ? CudaStatus.NOT_READY
                : status;
    }

    @Override
    public void whenReached(Completion completion) {
        Mark mark = latest();
        if (mark == null) {
            completion.completed(context.noted(CudaStatus.SUCCESS));
        } else {
            mark.whenReached(completion);
            mark.release();
        }
    }

    @Override
    public Outcome<Float> millisecondsSince(GpuEvent start) {
        Mark to = latest();
        Mark from = ((CudaGpuEvent) start).latest();
        try {
            if (to == null || from == null || !to.isTimed() || !from.isTimed()) {
                return Outcome.failed(CudaStatus.INVALID_HANDLE);
            }
            long first = from.event();
            long second = to.event();
            if (first == 0 || second == 0) {
                return Outcome.failed(context.noted(CudaStatus.NOT_READY));
            }
            context.makeCurrent();
            return Scratch.floatFrom(room -> CudaLibrary.cuEventElapsedTime(room, first, second));
        } finally {
            if (to != null) {
                to.release();
            }
            if (from != null) {
                from.release();
            }
        }
    }

    @Override
    public void close() {
        Mark before;
        synchronized (this) {
            before = latest;
            latest = null;
        }
        if (before != null) {
            before.release();
        }
    }
}
