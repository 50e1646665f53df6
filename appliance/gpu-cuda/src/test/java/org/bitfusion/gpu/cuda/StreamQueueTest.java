package org.bitfusion.gpu.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.bitfusion.gpu.CudaStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What waits is handed over whoever is in the way when it could be.
class StreamQueueTest {
    private final List<String> handed = new ArrayList<>();
    private final StreamQueue queue = new StreamQueue(() -> {}, _ -> {});

    private StreamQueue.Operation operation(String name) {
        return _ -> {
            handed.add(name);
            return CudaStatus.SUCCESS;
        };
    }

    /// As a stream does.
    private void submit(StreamQueue.Operation operation, BooleanSupplier ready) {
        queue.submit(operation, ready);
        if (queue.isToBeLookedAt()) {
            queue.submitWaiting();
        }
    }

    private static void inAnotherThread(Runnable task) {
        Thread thread = Thread.ofPlatform().start(task);
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whatBecomesReadyWhileItIsEnteredIsHandedOver() {
        AtomicBoolean isReady = new AtomicBoolean();
        submit(
                operation("late"),
                () -> {
                    boolean before = isReady.getAndSet(true);
                    if (!before) {
                        inAnotherThread(queue::submitWaiting);
                    }
                    return before;
                });
        assertThat(handed).containsExactly("late");
    }

    /// Who asks whether all is done does not keep others from handing over.
    @Test
    @Timeout(10)
    void whetherAllIsDoneIsKnownWhileSomethingIsHandedOver() {
        AtomicBoolean isDone = new AtomicBoolean(true);
        submit(
                _ -> {
                    inAnotherThread(() -> isDone.set(queue.isDone()));
                    return CudaStatus.SUCCESS;
                },
                StreamQueue.READY);
        assertThat(isDone).isFalse();
        queue.done(1);
        assertThat(queue.isDone()).isTrue();
    }
}
