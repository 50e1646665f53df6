package org.bitfusion.gpu.contract;

import static org.assertj.core.api.Assertions.assertThat;

import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuEvent;
import org.bitfusion.gpu.GpuFunction;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.LaunchParameters;
import org.bitfusion.gpu.Region;
import org.junit.jupiter.api.Test;

/// Kernels that fail, and what their context answers from then on.
public abstract class ErrorContract extends GpuContract {
    private void storeTo(GpuStream stream, long address) {
        launch(stream, kernel("store"), 1, 1, address, 1);
    }

    @Test
    void anAddressOutsideLiveMemoryIsIllegalAndSticks() {
        GpuStream stream = stream();
        long address = allocate(64);
        GpuFunction store = kernel("store");
        launch(stream, store, 1, 1, WINDOW_BASE + WINDOW_SIZE - 4096, 1);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.ILLEGAL_ADDRESS);
        assertThat(context.error()).isEqualTo(CudaStatus.ILLEGAL_ADDRESS);
        assertThat(context.takeError()).isEqualTo(CudaStatus.ILLEGAL_ADDRESS);
        assertThat(context.takeError()).isEqualTo(CudaStatus.ILLEGAL_ADDRESS);
        // Refused by the call, or by its stream.
        stream.launch(store, LaunchParameters.linear(1, 1, pack(address, 1)));
        Collector sink = new Collector(4);
        CudaStatus refused = stream.read(address, Region.linear(4), sink);
        assertThat(refused.isSuccess() ? sink.status() : refused)
                .isEqualTo(CudaStatus.ILLEGAL_ADDRESS);
        assertThat(stream.query()).isEqualTo(CudaStatus.ILLEGAL_ADDRESS);
        GpuEvent event = context.createEvent(0).value();
        stream.record(event);
        assertThat(await(event::whenReached)).isEqualTo(CudaStatus.ILLEGAL_ADDRESS);
    }

    @Test
    protected void addressesFarOutsideAreIllegalToo() {
        for (long address : new long[] {0, 8, -16, Long.MIN_VALUE, WINDOW_BASE, 1L << 40}) {
            var own = driver.createContext(device, 0).value();
            var store = own.loadModule(image("kernels.ptx")).value().function("store").value();
            launch(own.defaultStream(), store, 1, 1, address, 1);
            assertThat(synchronize(own.defaultStream())).isEqualTo(CudaStatus.ILLEGAL_ADDRESS);
        }
        assertThat(context.error()).isEqualTo(CudaStatus.SUCCESS);
    }

    @Test
    void freedMemoryIsIllegal() {
        GpuStream stream = stream();
        long address = allocate(4 << 20);
        storeTo(stream, address);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        context.memory().free(address);
        storeTo(stream, address);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.ILLEGAL_ADDRESS);
    }

    @Test
    void atomicsOnDeadMemoryAreIllegal() {
        GpuStream stream = stream();
        launch(stream, kernel("count"), 64, 64, WINDOW_BASE + WINDOW_SIZE - 4096);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.ILLEGAL_ADDRESS);
    }

    @Test
    void aMisalignedAddressIsToldApart() {
        GpuStream stream = stream();
        storeTo(stream, allocate(64) + 2);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.MISALIGNED_ADDRESS);
    }

    @Test
    void aTrapFailsTheLaunch() {
        GpuStream stream = stream();
        launch(stream, kernel("trap_now"), 8, 32);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.LAUNCH_FAILED);
    }

    @Test
    protected void otherContextsGoOn() {
        var other = driver.createContext(device, 0).value();
        long address = other.memory().allocate(16, 1).value();
        launch(stream(), kernel("trap_now"), 1, 1);
        assertThat(await(context::whenIdle)).isEqualTo(CudaStatus.LAUNCH_FAILED);
        writeInts(other.defaultStream(), address, 6);
        assertThat(readInts(other.defaultStream(), address, 1)).containsExactly(6);
    }

    @Test
    void aContextCanBeClosedWhileAKernelWaits() {
        GpuStream stream = stream();
        long flag = allocate(4);
        writeInts(stream, flag, 0);
        launch(stream, kernel("wait_for_flag"), 4, 32, flag, flag);
        context.close();
        assertThat(await(context::whenIdle)).isEqualTo(CudaStatus.CONTEXT_IS_DESTROYED);
    }
}
