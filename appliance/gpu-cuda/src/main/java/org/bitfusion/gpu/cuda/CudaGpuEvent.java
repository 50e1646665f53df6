package org.bitfusion.gpu.cuda;

import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuEvent;
import org.bitfusion.gpu.Outcome;
import org.jspecify.annotations.Nullable;

/// An event of the driver.
final class CudaGpuEvent implements GpuEvent {
    private final CudaGpuContext context;
    private final long handle;
    private volatile Completions completions;
    private volatile Recording recording = new Recording(null, 0);

    /// Where the event was recorded last, and how many reads the stream had been asked for.
    private record Recording(@Nullable CudaGpuStream stream, long reads) {
        boolean hasGivenReads() {
            return stream == null || stream.hasGiven(reads);
        }
    }

    CudaGpuEvent(CudaGpuContext context, long handle) {
        this.context = context;
        this.handle = handle;
        this.completions = new Completions(context);
    }

    long handle() {
        return handle;
    }

    /// The stream that records the event also waits for it.
    void recordedIn(CudaGpuStream stream, Completions ofStream) {
        recording = new Recording(stream, stream.reads());
        completions = ofStream;
    }

    @Override
    public CudaStatus query() {
        context.makeCurrent();
        CudaStatus status = context.noted(CudaStatus.of(CudaLibrary.cuEventQuery(handle)));
        return status.isSuccess() && !recording.hasGivenReads() ? CudaStatus.NOT_READY : status;
    }

    /// Waits for the record that is the latest one now: a second event behind it cannot be had, so
    /// this one is asked.
    @Override
    public void whenReached(Completion completion) {
        CudaStatus now = query();
        if (now == CudaStatus.NOT_READY) {
            completions.addForeign(handle, completion);
        } else {
            completion.completed(now);
        }
    }

    @Override
    public Outcome<Float> millisecondsSince(GpuEvent start) {
        context.makeCurrent();
        return Scratch.floatFrom(room ->
                CudaLibrary.cuEventElapsedTime(room, ((CudaGpuEvent) start).handle, handle));
    }

    @Override
    public void close() {
        context.makeCurrent();
        CudaLibrary.cuEventDestroy_v2(handle);
    }
}
