package org.bitfusion.gpu.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuEvent;
import org.bitfusion.gpu.GpuFunction;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.ReadSink;
import org.bitfusion.gpu.Region;
import org.junit.jupiter.api.Test;

/// Order of work: streams, events, host functions.
public abstract class StreamContract extends GpuContract {
    /// Holds a stream until told.
    private static Runnable hold(GpuStream stream) {
        CompletableFuture<Runnable> reached = new CompletableFuture<>();
        stream.hostFunction(reached::complete);
        return () -> reached.orTimeout(30, TimeUnit.SECONDS).join().run();
    }

    @Test
    void workBehindAHostFunctionWaitsForIt() {
        GpuStream stream = stream();
        long address = allocate(16);
        writeInts(stream, address, 1);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        Runnable release = hold(stream);
        writeInts(stream, address, 2);
        assertThat(stream.query()).isEqualTo(CudaStatus.NOT_READY);
        assertThat(readInts(stream(), address, 1)).containsExactly(1);
        release.run();
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(stream.query()).isEqualTo(CudaStatus.SUCCESS);
        assertThat(readInts(stream, address, 1)).containsExactly(2);
    }

    @Test
    void theDriverSaysWhetherAnythingIsUnderWay() {
        GpuStream stream = stream();
        long address = allocate(16);
        Runnable release = hold(stream);
        writeInts(stream, address, 2);
        assertThat(driver.isWorking()).isTrue();
        release.run();
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        awaitRest();
        stream.copy(address, address + 8, 8);
        awaitRest();
        stream.close();
        awaitRest();
    }

    private void awaitRest() {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (driver.isWorking() && System.nanoTime() < end) {
            Thread.onSpinWait();
        }
        assertThat(driver.isWorking()).isFalse();
    }

    @Test
    void streamsDoNotWaitForEachOther() {
        GpuStream held = stream();
        Runnable release = hold(held);
        GpuStream other = stream();
        long address = allocate(16);
        writeInts(other, address, 5);
        assertThat(synchronize(other)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(held.query()).isEqualTo(CudaStatus.NOT_READY);
        release.run();
    }

    @Test
    void theLegacyStreamWaitsForBlockingStreamsAndTheyForIt() {
        GpuStream blocking = blockingStream();
        GpuStream legacy = context.defaultStream();
        long address = allocate(16);
        Runnable release = hold(blocking);
        writeInts(legacy, address, 3);
        writeInts(blocking, address + 4, 4);
        assertThat(legacy.query()).isEqualTo(CudaStatus.NOT_READY);
        release.run();
        assertThat(readInts(blocking, address, 2)).containsExactly(3, 4);

        Runnable releaseLegacy = hold(legacy);
        writeInts(blocking, address, 9);
        GpuStream other = stream();
        writeInts(other, address + 4, 8);
        assertThat(blocking.query()).isEqualTo(CudaStatus.NOT_READY);
        assertThat(readInts(other, address, 2)).containsExactly(3, 8);
        releaseLegacy.run();
        assertThat(readInts(blocking, address, 2)).containsExactly(9, 8);
    }

    @Test
    void anEventOrdersStreams() {
        GpuStream first = stream();
        GpuStream second = stream();
        GpuEvent event = context.createEvent(0).value();
        long address = allocate(16);
        Runnable release = hold(first);
        writeInts(first, address, 1);
        first.record(event);
        second.await(event);
        second.copy(address + 4, address, 4);
        assertThat(event.query()).isEqualTo(CudaStatus.NOT_READY);
        assertThat(second.query()).isEqualTo(CudaStatus.NOT_READY);
        release.run();
        assertThat(readInts(second, address, 2)).containsExactly(1, 1);
        assertThat(event.query()).isEqualTo(CudaStatus.SUCCESS);
    }

    @Test
    void waitingForAnEventMeansItsRecordAtThatTime() {
        GpuStream first = stream();
        GpuStream second = stream();
        GpuEvent event = context.createEvent(0).value();
        first.record(event);
        second.await(event);
        Runnable release = hold(first);
        first.record(event);
        assertThat(synchronize(second)).isEqualTo(CudaStatus.SUCCESS);
        release.run();
    }

    @Test
    void eventsMeasureTime() {
        GpuStream stream = stream();
        GpuEvent start = context.createEvent(0).value();
        GpuEvent end = context.createEvent(0).value();
        assertThat(end.millisecondsSince(start).status()).isEqualTo(CudaStatus.INVALID_HANDLE);
        stream.record(start);
        Runnable release = hold(stream);
        stream.record(end);
        assertThat(end.millisecondsSince(start).status()).isEqualTo(CudaStatus.NOT_READY);
        release.run();
        assertThat(await(end::whenReached)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(end.millisecondsSince(start).value()).isBetween(0f, 30_000f);
        GpuEvent untimed = context.createEvent(2).value();
        stream.record(untimed);
        assertThat(untimed.millisecondsSince(start).status()).isEqualTo(CudaStatus.INVALID_HANDLE);
    }

    @Test
    void completionsComeInOrderAndAfterTheWork() {
        GpuStream stream = stream();
        long address = allocate(1 << 20);
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        Runnable release = hold(stream);
        for (int number = 0; number < 50; number++) {
            int own = number;
            stream.fill(address, number, 1, 0, 1 << 20, 1);
            stream.whenReached(_ -> order.add(own));
        }
        assertThat(order).isEmpty();
        release.run();
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(order).hasSize(50).isSorted();
    }

    @Test
    void aContextIsIdleWhenAllItsStreamsAre() {
        GpuStream first = stream();
        Runnable release = hold(first);
        CompletableFuture<CudaStatus> idle = new CompletableFuture<>();
        context.whenIdle(idle::complete);
        assertThat(synchronize(stream())).isEqualTo(CudaStatus.SUCCESS);
        assertThat(idle).isNotDone();
        release.run();
        assertThat(idle.orTimeout(30, TimeUnit.SECONDS).join()).isEqualTo(CudaStatus.SUCCESS);
    }

    @Test
    void aWriteIntoABusyStreamIsStagedAndTellsWhenItLanded() {
        GpuStream stream = stream();
        long address = allocate(64);
        writeInts(stream, address, 0, 0);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        Runnable release = hold(stream);
        var pending = stream.write(address, Region.linear(8), 0, 8).value();
        pending.buffer().put(new byte[] {1, 0, 0, 0, 2, 0, 0, 0});
        CompletableFuture<CudaStatus> landed = new CompletableFuture<>();
        pending.commit(landed::complete);
        assertThat(landed).isNotDone();
        assertThat(readInts(stream(), address, 2)).containsExactly(0, 0);
        release.run();
        assertThat(landed.orTimeout(30, TimeUnit.SECONDS).join()).isEqualTo(CudaStatus.SUCCESS);
        assertThat(readInts(stream, address, 2)).containsExactly(1, 2);
    }

    @Test
    void aBlockedSinkHoldsOnlyItsStream() {
        GpuStream slow = stream();
        long address = allocate(1 << 20);
        CompletableFuture<Void> go = new CompletableFuture<>();
        CompletableFuture<CudaStatus> end = new CompletableFuture<>();
        slow.read(
                address,
                Region.linear(1 << 20),
                new ReadSink() {
                    @Override
                    public void accept(ByteBuffer bytes, long packedOffset) {
                        go.join();
                    }

                    @Override
                    public void completed(CudaStatus status) {
                        end.complete(status);
                    }
                });
        GpuStream other = stream();
        writeInts(other, address, 1);
        assertThat(synchronize(other)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(slow.query()).isEqualTo(CudaStatus.NOT_READY);
        go.complete(null);
        assertThat(end.orTimeout(30, TimeUnit.SECONDS).join()).isEqualTo(CudaStatus.SUCCESS);
    }

    @Test
    void freedMemoryIsReusedOnlyAfterWorkInFlight() {
        GpuStream stream = stream();
        long address = allocate(1 << 21);
        Runnable release = hold(stream);
        stream.fill(address, 1, 1, 0, 1 << 21, 1);
        context.memory().free(address);
        assertThat(allocate(1 << 21)).isNotEqualTo(address);
        CompletableFuture<CudaStatus> freed = new CompletableFuture<>();
        Completion whenFreed = freed::complete;
        assertThat(context.memory().whenFreed(whenFreed)).isTrue();
        assertThat(freed).isNotDone();
        release.run();
        assertThat(freed.orTimeout(30, TimeUnit.SECONDS).join()).isEqualTo(CudaStatus.SUCCESS);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(context.takeError()).isEqualTo(CudaStatus.SUCCESS);
    }

    @Test
    void aClosedStreamFinishesItsWork() {
        GpuStream stream = stream();
        long address = allocate(16);
        writeInts(stream, address, 1);
        Runnable release = hold(stream);
        writeInts(stream, address, 2);
        stream.close();
        CompletableFuture<CudaStatus> idle = new CompletableFuture<>();
        context.whenIdle(idle::complete);
        release.run();
        assertThat(idle.orTimeout(30, TimeUnit.SECONDS).join()).isEqualTo(CudaStatus.SUCCESS);
        assertThat(readInts(stream(), address, 1)).containsExactly(2);
    }

    @Test
    void whoeverHasWaitedFindsTheStreamDone() {
        GpuStream stream = stream();
        long address = allocate(1 << 20);
        GpuEvent event = context.createEvent(0).value();
        for (int round = 0; round < 300; round++) {
            stream.fill(address, round, 1, 0, 1 << 18, 1);
            assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
            assertThat(stream.query()).isEqualTo(CudaStatus.SUCCESS);
            byte[] bytes = read(stream, address, 1 << 18);
            assertThat(bytes[bytes.length - 1]).isEqualTo((byte) round);
            assertThat(stream.query()).isEqualTo(CudaStatus.SUCCESS);
            stream.fill(address, 0, 1, 0, 1 << 18, 1);
            stream.record(event);
            assertThat(await(event::whenReached)).isEqualTo(CudaStatus.SUCCESS);
            assertThat(stream.query()).isEqualTo(CudaStatus.SUCCESS);
        }
    }

    /// More than the driver's own queue takes: the caller must not wait, since it may be the one
    /// who releases the stream.
    @Test
    void aHeldStreamTakesThousandsOfLaunches() {
        GpuStream held = stream();
        GpuStream other = stream();
        long counters = allocate(8);
        writeInts(held, counters, 0, 0);
        assertThat(synchronize(held)).isEqualTo(CudaStatus.SUCCESS);
        GpuFunction count = kernel("count");
        Runnable release = hold(held);
        for (int i = 0; i < 3000; i++) {
            launch(held, count, 1, 1, counters);
        }
        launch(other, count, 1, 1, counters + 4);
        assertThat(readInts(other, counters, 2)).containsExactly(0, 1);
        release.run();
        assertThat(readInts(held, counters, 1)).containsExactly(3000);
    }

    @Test
    void aHeldLegacyStreamTakesThousandsOfLaunchesAndKeepsTheOrder() {
        GpuStream blocking = blockingStream();
        GpuStream legacy = context.defaultStream();
        long counter = allocate(4);
        writeInts(legacy, counter, 0);
        GpuFunction count = kernel("count");
        Runnable release = hold(legacy);
        for (int i = 0; i < 1500; i++) {
            launch(i % 100 == 99 ? legacy : blocking, count, 1, 1, counter);
        }
        assertThat(legacy.query()).isEqualTo(CudaStatus.NOT_READY);
        release.run();
        assertThat(readInts(legacy, counter, 1)).containsExactly(1500);
    }

    @Test
    void heldStreamsDoNotWaitForEachOther() {
        GpuStream first = stream();
        GpuStream second = stream();
        long address = allocate(4 << 20);
        Runnable releaseFirst = hold(first);
        Runnable releaseSecond = hold(second);
        writeInts(second, address, 7);
        releaseSecond.run();
        assertThat(synchronize(second)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(first.query()).isEqualTo(CudaStatus.NOT_READY);
        // A read of several pieces, while a host function runs elsewhere.
        assertThat(read(second, address, 4 << 20)).hasSize(4 << 20).startsWith(7, 0, 0, 0);
        releaseFirst.run();
        assertThat(synchronize(first)).isEqualTo(CudaStatus.SUCCESS);
    }

    @Test
    void waitingForARecordThatIsStillHeldMeansThatRecord() {
        GpuStream first = stream();
        GpuStream second = stream();
        GpuEvent event = context.createEvent(0).value();
        Runnable release = hold(first);
        first.record(event);
        second.await(event);
        Runnable later = hold(first);
        first.record(event);
        assertThat(second.query()).isEqualTo(CudaStatus.NOT_READY);
        release.run();
        assertThat(synchronize(second)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(event.query()).isEqualTo(CudaStatus.NOT_READY);
        later.run();
        assertThat(await(event::whenReached)).isEqualTo(CudaStatus.SUCCESS);
    }
}
