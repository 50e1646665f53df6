package org.bitfusion.gpu.cuda;

import java.util.concurrent.LinkedBlockingQueue;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;

/// Waits, on a platform thread of its own, for one stream's events in their order, and tells
/// completions. The thread starts with the first event.
final class Completions {
    private record Waiting(long event, boolean owned, Completion completion) {}

    /// Event 0 ends the thread.
    private static final Waiting END = new Waiting(0, false, ignored -> {});

    private final CudaGpuContext context;
    private final LinkedBlockingQueue<Waiting> queue = new LinkedBlockingQueue<>();
    private boolean started;

    Completions(CudaGpuContext context) {
        this.context = context;
    }

    /// @param event recorded; destroyed after it has been reached
    void add(long event, Completion completion) {
        start();
        queue.add(new Waiting(event, true, completion));
    }

    /// @param event recorded; stays its owner's
    void addForeign(long event, Completion completion) {
        start();
        queue.add(new Waiting(event, false, completion));
    }

    private synchronized void start() {
        if (!started) {
            started = true;
            Thread.ofPlatform().daemon().name("cuda-completions").start(this::work);
        }
    }

    private void work() {
        try {
            for (Waiting next = queue.take(); next.event() != 0; next = queue.take()) {
                context.makeCurrent();
                CudaStatus status = CudaStatus.of(CudaLibrary.cuEventSynchronize(next.event()));
                if (next.owned()) {
                    CudaLibrary.cuEventDestroy_v2(next.event());
                }
                next.completion().completed(context.noted(status));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Ends the thread after what is queued.
    void close() {
        queue.add(END);
    }
}
