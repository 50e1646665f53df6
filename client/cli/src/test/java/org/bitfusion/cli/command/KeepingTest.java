package org.bitfusion.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// A signal at whichever moment of `request_gpus`.
class KeepingTest {
    private final AtomicInteger givenBack = new AtomicInteger();
    private final AtomicInteger written = new AtomicInteger();
    private final RequestGpusCommand.Keeping keeping =
            new RequestGpusCommand.Keeping(givenBack::incrementAndGet);

    private static Thread started(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    @Test
    void whatIsWrittenIsNotGivenBack() throws Exception {
        keeping.keep(written::incrementAndGet);
        started(keeping::end).join();
        assertThat(written).hasValue(1);
        assertThat(givenBack).hasValue(0);
    }

    @Test
    void whatIsGivenBackIsNotWritten() throws Exception {
        started(keeping::end).join();
        Thread writer = started(() -> keeping.keep(written::incrementAndGet));
        writer.join(300);
        assertThat(writer.isAlive()).isTrue();
        assertThat(givenBack).hasValue(1);
        assertThat(written).hasValue(0);
    }

    @Test
    void whatIsJustWrittenIsKept() throws Exception {
        CountDownLatch isWriting = new CountDownLatch(1);
        CountDownLatch goesOn = new CountDownLatch(1);
        Thread writer =
                started(() ->
                        keeping.keep(() -> {
                            isWriting.countDown();
                            try {
                                assertThat(goesOn.await(10, TimeUnit.SECONDS)).isTrue();
                            } catch (InterruptedException exception) {
                                throw new IllegalStateException(exception);
                            }
                            written.incrementAndGet();
                        }));
        assertThat(isWriting.await(10, TimeUnit.SECONDS)).isTrue();
        Thread signal = started(keeping::end);
        goesOn.countDown();
        writer.join();
        signal.join();
        assertThat(written).hasValue(1);
        assertThat(givenBack).hasValue(0);
    }
}
