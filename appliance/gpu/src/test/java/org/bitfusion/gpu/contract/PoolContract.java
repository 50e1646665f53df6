package org.bitfusion.gpu.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuPool;
import org.bitfusion.gpu.GpuStream;
import org.junit.jupiter.api.Test;

/// Stream-ordered memory.
public abstract class PoolContract extends GpuContract {
    private static final int RELEASE_THRESHOLD = 4;
    private static final int RESERVED = 5;
    private static final int USED = 7;
    private static final long MIB = 1L << 20;

    private long attribute(GpuPool pool, int attribute) {
        return pool.attribute(attribute).value();
    }

    @Test
    void usedAndReservedFollowTheAllocations() {
        GpuStream stream = stream();
        GpuPool pool = context.memory().createPool().value();
        long address = context.memory().allocateAsync(stream, pool, 8 * MIB).value();
        assertThat(attribute(pool, USED)).isGreaterThanOrEqualTo(8 * MIB);
        assertThat(attribute(pool, RESERVED)).isGreaterThanOrEqualTo(8 * MIB);
        stream.fill(address, 1, 4, 0, 2 * MIB, 1);
        assertThat(context.memory().freeAsync(stream, address)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(attribute(pool, USED)).isZero();
        assertThat(attribute(pool, RESERVED)).isZero();
        assertThat(context.memory().freeAsync(stream, address)).isEqualTo(CudaStatus.INVALID_VALUE);
    }

    @Test
    void theReleaseThresholdKeepsMemoryUntilTrimmed() {
        GpuStream stream = stream();
        GpuPool pool = context.memory().createPool().value();
        assertThat(pool.setAttribute(RELEASE_THRESHOLD, Long.MAX_VALUE))
                .isEqualTo(CudaStatus.SUCCESS);
        long address = context.memory().allocateAsync(stream, pool, 4 * MIB).value();
        context.memory().freeAsync(stream, address);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(attribute(pool, RESERVED)).isGreaterThanOrEqualTo(4 * MIB);
        assertThat(context.memory().allocateAsync(stream(), pool, 4 * MIB).value())
                .isEqualTo(address);
        context.memory().freeAsync(stream, address);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        pool.trim(0);
        assertThat(attribute(pool, RESERVED)).isZero();
    }

    @Test
    void aStreamReusesWhatItHasFreedThoughItIsBusy() {
        GpuStream stream = stream();
        CompletableFuture<Runnable> held = new CompletableFuture<>();
        stream.hostFunction(held::complete);
        for (int round = 0; round < 200; round++) {
            long address =
                    context.memory()
                            .allocateAsync(stream, context.memory().defaultPool(), 64 * MIB)
                            .value();
            stream.fill(address, round, 4, 0, 16, 1);
            context.memory().freeAsync(stream, address);
        }
        held.orTimeout(30, TimeUnit.SECONDS).join().run();
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(context.takeError()).isEqualTo(CudaStatus.SUCCESS);
    }

    @Test
    void pastTheDeviceItIsOutOfMemory() {
        GpuStream stream = stream();
        long total = context.memory().information().total();
        assertThat(
                        context.memory()
                                .allocateAsync(stream, context.memory().defaultPool(), total * 2)
                                .status())
                .isEqualTo(CudaStatus.OUT_OF_MEMORY);
    }

    @Test
    void aPlainAllocationGetsWhatThePoolHolds() {
        GpuStream stream = stream();
        GpuPool pool = context.memory().defaultPool();
        pool.setAttribute(RELEASE_THRESHOLD, Long.MAX_VALUE);
        long most = context.memory().information().free() * 3 / 4;
        long address = context.memory().allocateAsync(stream, pool, most).value();
        context.memory().freeAsync(stream, address);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(attribute(pool, RESERVED)).isGreaterThanOrEqualTo(most);
        assertThat(context.memory().allocate(most, 1).status()).isEqualTo(CudaStatus.SUCCESS);
    }
}
