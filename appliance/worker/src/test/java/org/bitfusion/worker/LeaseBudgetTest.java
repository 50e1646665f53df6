package org.bitfusion.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.bitfusion.protocol.control.WorkerOrder;
import org.bitfusion.protocol.control.WorkerReport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LeaseBudgetTest {
    private static final long MIB = 1 << 20;
    private static final long LIMIT = 100 * MIB;

    private final PipedOutputStream orders = new PipedOutputStream();
    private final PipedOutputStream reports = new PipedOutputStream();
    private final AtomicLong left = new AtomicLong(LIMIT);
    private final AtomicInteger questions = new AtomicInteger();
    private LeaseBudget budget = new LeaseBudget(new ControlChannel(System.in, reports), List.of());

    /// A ledger that knows one number, at the other end of the pipes.
    @BeforeEach
    void start() throws IOException {
        PipedInputStream heard = new PipedInputStream(reports);
        ControlChannel control = new ControlChannel(new PipedInputStream(orders), reports);
        budget = new LeaseBudget(control, List.of(new WorkerOrder.Share(0, LIMIT)));
        Thread.ofPlatform()
                .daemon()
                .start(() ->
                        control.listen(
                                new ControlChannel.Listener() {
                                    @Override
                                    public void open(WorkerOrder.Open order) {}

                                    @Override
                                    public void end() {}

                                    @Override
                                    public void dispatcherGone() {}
                                }));
        Thread.ofPlatform().daemon().start(() -> keep(heard));
    }

    private void keep(PipedInputStream heard) {
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(heard, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                switch (WorkerReport.parse(line)) {
                    case WorkerReport.Reserve(int id, int _, long bytes) -> answer(id, bytes);
                    case WorkerReport.Release(int _, long bytes) -> left.addAndGet(bytes);
                    default -> throw new IOException(line);
                }
            }
        } catch (IOException e) {
            // The test is over.
        }
    }

    private synchronized void answer(int id, long bytes) throws IOException {
        questions.incrementAndGet();
        boolean granted = bytes <= left.get();
        left.addAndGet(granted ? -bytes : 0);
        orders.write(
                (new WorkerOrder.Reserved(id, granted, left.get()).line() + "\n")
                        .getBytes(StandardCharsets.UTF_8));
        orders.flush();
    }

    @AfterEach
    void stop() throws IOException {
        orders.close();
    }

    @Test
    void smallAllocationsAskSeldom() {
        for (int i = 0; i < 1000; i++) {
            assertThat(budget.reserve(0, 1024)).isTrue();
        }
        assertThat(questions).hasValue(1);
    }

    @Test
    void theLastByteCanBeHadAndNotOneMore() {
        assertThat(budget.reserve(0, 99 * MIB)).isTrue();
        assertThat(budget.reserve(0, MIB)).isTrue();
        assertThat(budget.reserve(0, 1)).isFalse();
        assertThat(budget.available(0)).isZero();
        budget.release(0, LIMIT);
        assertThat(budget.available(0)).isEqualTo(LIMIT);
        assertThat(budget.reserve(0, LIMIT)).isTrue();
    }

    @Test
    void whatOthersHoldCannotBeHad() {
        left.set(10 * MIB);
        assertThat(budget.reserve(0, 11 * MIB)).isFalse();
        assertThat(budget.reserve(0, 10 * MIB)).isTrue();
    }

    @Test
    void withoutTheDispatcherTheShareStillHolds() throws IOException {
        orders.close();
        assertThat(budget.reserve(0, 60 * MIB)).isTrue();
        assertThat(budget.reserve(0, 41 * MIB)).isFalse();
        assertThat(budget.available(0)).isEqualTo(40 * MIB);
    }

    @Test
    void anotherDeviceHasNothing() {
        assertThat(budget.reserve(1, 1)).isFalse();
        assertThat(budget.limit(1)).isZero();
    }
}
