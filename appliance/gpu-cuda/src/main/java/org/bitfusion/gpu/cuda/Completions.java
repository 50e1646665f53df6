package org.bitfusion.gpu.cuda;

import java.util.concurrent.LinkedBlockingQueue;
import org.bitfusion.gpu.CudaStatus;
import org.jspecify.annotations.Nullable;

/// Waits, on a platform thread of its own, for one stream's marks in their order, and tells who
/// asked. The thread starts with the first mark; it sleeps while the device works.
final class Completions {
    private sealed interface Word {}

    /// A mark that the driver has.
    private record Submitted(Mark mark, long operations) implements Word {}

    /// A mark that the driver did not take.
    private record Failed(Mark mark, CudaStatus status) implements Word {}

    /// Something that streams wait for has happened.
    private record Happened() implements Word {}

    private record End() implements Word {}

    private final CudaGpuStream stream;
    private final LinkedBlockingQueue<Word> words = new LinkedBlockingQueue<>();
    private @Nullable Thread thread;
    private boolean ended;

    Completions(CudaGpuStream stream) {
        this.stream = stream;
    }

    /// @param mark given back when it has been reached
    /// @param operations that the stream has done when it gets there
    void add(Mark mark, long operations) {
        put(new Submitted(mark, operations));
    }

    /// @param mark that the stream will never reach; told behind those before it
    void addFailed(Mark mark, CudaStatus status) {
        put(new Failed(mark, status));
    }

    /// Has a thread that may enter the driver look what can be handed over.
    void happened() {
        put(new Happened());
    }

    private void put(Word word) {
        if (!isTaken(word)) {
            giveUp(word);
        }
    }

    private synchronized boolean isTaken(Word word) {
        if (!ended) {
            if (thread == null) {
                thread = Thread.ofPlatform().daemon().name("cuda-completions").start(this::work);
            }
            words.add(word);
        }
        return !ended;
    }

    /// The stream is closing: nobody takes the word any more, but who asked still waits for it.
    private static void giveUp(Word word) {
        switch (word) {
            case Submitted(Mark mark, long _) -> {
                mark.reach(CudaStatus.CONTEXT_IS_DESTROYED);
                mark.release();
            }
            case Failed(Mark mark, CudaStatus status) -> {
                mark.reach(status);
                mark.release();
            }
            case Happened _, End _ -> {}
        }
    }

    private void work() {
        try {
            for (Word word = words.take(); !(word instanceof End); word = words.take()) {
                tell(word);
                stream.context().driver().submitWaiting();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void tell(Word word) {
        CudaGpuContext context = stream.context();
        switch (word) {
            case Submitted(Mark mark, long operations) -> {
                context.makeCurrent();
                // Waits even for what is known to be done: this is where the driver writes what
                // kernels have printed.
                CudaStatus status =
                        context.noted(CudaStatus.of(CudaLibrary.cuEventSynchronize(mark.event())));
                stream.done(operations);
                mark.reach(status);
                mark.release();
            }
            case Failed(Mark mark, CudaStatus status) -> {
                mark.reach(context.noted(status));
                mark.release();
            }
            case Happened _, End _ -> {}
        }
    }

    /// Ends the thread after what has been put.
    synchronized void close() {
        if (thread != null && !ended) {
            ended = true;
            words.add(new End());
        }
    }

    /// Waits until the thread has ended, unless it calls this itself.
    void join() throws InterruptedException {
        Thread started;
        synchronized (this) {
            started = thread;
        }
        if (started != null && !started.equals(Thread.currentThread())) {
            started.join();
        }
    }
}
