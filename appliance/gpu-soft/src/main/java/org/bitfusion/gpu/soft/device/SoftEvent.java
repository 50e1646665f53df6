package org.bitfusion.gpu.soft.device;

import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuEvent;
import org.bitfusion.gpu.Outcome;
import org.jspecify.annotations.Nullable;

/// A point in a stream, with the time at which it was reached.
final class SoftEvent implements GpuEvent {
    private static final int DISABLE_TIMING = 2;
    private static final float NANOSECONDS_PER_MILLISECOND = 1e6f;

    private final SoftContext context;
    private final boolean timing;
    private volatile @Nullable Recording latest;

    SoftEvent(SoftContext context, int flags) {
        this.context = context;
        this.timing = (flags & DISABLE_TIMING) == 0;
    }

    /// One record of the event: the operation itself, which notes the time.
    static final class Recording extends Operation {
        private final StreamQueue queue;
        private volatile long nanoseconds;

        Recording(StreamQueue queue) {
            this.queue = queue;
        }

        @Override
        boolean execute() {
            nanoseconds = System.nanoTime();
            return true;
        }

        /// False until the stream is past the record, so that whoever sees an event reached sees
        /// the stream there too.
        boolean isReached() {
            return point().isReached();
        }

        StreamQueue.Point point() {
            return new StreamQueue.Point(queue, sequence);
        }
    }

    void recordIn(SoftStream stream) {
        Recording recording = new Recording(stream.queue());
        latest = recording;
        stream.submit(recording, true);
    }

    @Nullable Recording latest() {
        return latest;
    }

    @Override
    public CudaStatus query() {
        CudaStatus error = context.error();
        if (!error.isSuccess()) {
            return error;
        }
        Recording recording = latest;
        return recording == null || recording.isReached()
                ? CudaStatus.SUCCESS
                : CudaStatus.NOT_READY;
    }

    @Override
    public void whenReached(Completion completion) {
        Recording recording = latest;
        if (recording == null) {
            context.tell(completion);
        } else {
            recording.queue.whenReached(recording.sequence, () -> context.tell(completion));
        }
    }

    @Override
    public Outcome<Float> millisecondsSince(GpuEvent start) {
        if (!(start instanceof SoftEvent first) || !first.timing || !timing) {
            return Outcome.failed(CudaStatus.INVALID_HANDLE);
        }
        Recording from = first.latest;
        Recording to = latest;
        if (from == null || to == null) {
            return Outcome.failed(CudaStatus.INVALID_HANDLE);
        }
        if (!from.isReached() || !to.isReached()) {
            CudaStatus error = context.error();
            return Outcome.failed(error.isSuccess() ? CudaStatus.NOT_READY : error);
        }
        return Outcome.of((to.nanoseconds - from.nanoseconds) / NANOSECONDS_PER_MILLISECOND);
    }

    @Override
    public void close() {
        latest = null;
    }
}
