package org.bitfusion.worker.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class ThreadStateTest {
    @Test
    void aThreadThatWaitsIsToldFromOneThatComputes() throws Exception {
        CompletableFuture<ThreadState> state = new CompletableFuture<>();
        CountDownLatch end = new CountDownLatch(1);
        Thread.ofPlatform()
                .daemon()
                .start(() -> {
                    state.complete(ThreadState.ofThisThread());
                    try {
                        end.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
        ThreadState waiting = state.get();
        await().until(() -> !waiting.isRunnable());
        assertThat(ThreadState.ofThisThread().isRunnable()).isTrue();
        end.countDown();
    }
}
