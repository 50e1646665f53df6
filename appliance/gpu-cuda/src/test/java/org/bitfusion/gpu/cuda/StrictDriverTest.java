package org.bitfusion.gpu.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuContext;
import org.bitfusion.gpu.GpuDriverProvider;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.contract.GpuContract;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What `gpu-cuda` does where the driver is hard, beyond the contract.
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StrictDriverTest extends GpuContract {
    private static final long MIB = 1L << 20;

    @Override
    protected GpuDriverProvider provider() {
        return StrictDriver.fresh();
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(1);
        }
    }

    /// A kernel that uses memory of the context goes on until another context lets it end: the
    /// memory must be there so long, and then be gone.
    @Test
    void aClosedContextKeepsItsMemoryUntilItsWorkIsDone() throws InterruptedException {
        long before = StrictDriver.taken(0);
        GpuContext closing = driver.createContext(device, 0).value();
        long flag = allocate(4);
        writeInts(context.defaultStream(), flag, 0);
        assertThat(synchronize(context.defaultStream())).isEqualTo(CudaStatus.SUCCESS);
        long result = closing.memory().allocate(4 * MIB, 1).value();
        var kernel =
                closing.loadModule(image("kernels.ptx")).value().function("wait_for_flag").value();
        launch(closing.defaultStream(), kernel, 1, 1, flag, result);
        long running = StrictDriver.taken(0);
        closing.close();
        assertThat(StrictDriver.taken(0)).isEqualTo(running);
        assertThat(await(closing::whenIdle)).isEqualTo(CudaStatus.CONTEXT_IS_DESTROYED);
        writeInts(stream(), flag, 1);
        await(() -> StrictDriver.taken(0) == before + 2 * MIB);
        assertThat(readInts(stream(), flag, 1)).containsExactly(1);
        assertThat(context.error()).isEqualTo(CudaStatus.SUCCESS);
    }

    /// The driver waits in cuMemFree and when code is loaded; who frees memory must not.
    @Test
    void freeingWhileAKernelWaitsDoesNotWait() throws InterruptedException {
        GpuStream stream = stream();
        long flag = allocate(4);
        writeInts(stream, flag, 0);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        long memory = allocate(8 * MIB);
        launch(stream, kernel("wait_for_flag"), 1, 1, flag, flag);
        long running = StrictDriver.taken(0);
        assertThat(context.memory().free(memory)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(StrictDriver.taken(0)).isEqualTo(running);
        writeInts(stream(), flag, 1);
        await(() -> StrictDriver.taken(0) == running - 8 * MIB);
    }

    @Test
    void afterAnErrorOfAKernelNothingCanBeMade() {
        launch(stream(), kernel("trap_now"), 1, 1);
        assertThat(await(context::whenIdle)).isEqualTo(CudaStatus.LAUNCH_FAILED);
        assertThat(driver.createContext(device, 0).status()).isEqualTo(CudaStatus.LAUNCH_FAILED);
        assertThat(context.createStream(0, 0).status()).isEqualTo(CudaStatus.LAUNCH_FAILED);
    }

    /// A failure of what was handed to the driver later is told by the next answered call.
    @Test
    void aLateFailureIsToldOnce() {
        GpuStream stream = stream();
        var released = new java.util.concurrent.CompletableFuture<Runnable>();
        stream.hostFunction(released::complete);
        assertThat(stream.fill(12, 0, 1, 0, 16, 1)).isEqualTo(CudaStatus.SUCCESS);
        released.orTimeout(30, TimeUnit.SECONDS).join().run();
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(context.takeError()).isEqualTo(CudaStatus.INVALID_VALUE);
        assertThat(context.takeError()).isEqualTo(CudaStatus.SUCCESS);
    }

    /// Nor do those who wait for a closed context's streams hear too early.
    @Test
    void whatWaitsForAClosedContextsStreamIsToldBehindItsWork() throws InterruptedException {
        GpuContext closing = driver.createContext(device, 0).value();
        long flag = allocate(4);
        writeInts(context.defaultStream(), flag, 0);
        assertThat(synchronize(context.defaultStream())).isEqualTo(CudaStatus.SUCCESS);
        var kernel =
                closing.loadModule(image("kernels.ptx")).value().function("wait_for_flag").value();
        GpuStream stream = closing.createStream(1, 0).value();
        launch(stream, kernel, 1, 1, flag, flag);
        var released = new java.util.concurrent.CompletableFuture<Runnable>();
        stream.hostFunction(released::complete);
        var told = new java.util.concurrent.CompletableFuture<CudaStatus>();
        stream.whenReached(told::complete);
        closing.close();
        long other = allocate(4);
        GpuStream open = stream();
        writeInts(open, other, 5);
        assertThat(readInts(open, other, 1)).containsExactly(5);
        assertThat(told).isNotDone();
        writeInts(stream(), flag, 1);
        assertThat(told.orTimeout(30, TimeUnit.SECONDS).join())
                .isEqualTo(CudaStatus.CONTEXT_IS_DESTROYED);
    }
}
