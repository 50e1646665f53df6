package org.bitfusion.gpu.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.bitfusion.gpu.AllocationBudget;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuStream;
import org.junit.jupiter.api.Test;

/// A client's share of memory holds for every way to allocate.
public abstract class ShareContract extends GpuContract {
    private static final long MIB = 1L << 20;
    private static final long SHARE = 64 * MIB;

    private final AtomicLong used = new AtomicLong();

    @Override
    protected AllocationBudget budget() {
        return new AllocationBudget() {
            @Override
            public boolean reserve(int device, long bytes) {
                if (used.addAndGet(bytes) <= SHARE) {
                    return true;
                }
                used.addAndGet(-bytes);
                return false;
            }

            @Override
            public void release(int device, long bytes) {
                used.addAndGet(-bytes);
            }

            @Override
            public long limit(int device) {
                return SHARE;
            }

            @Override
            public long available(int device) {
                return SHARE - used.get();
            }
        };
    }

    @Test
    void theShareIsWhatTheProgramSees() {
        assertThat(device.snapshot().totalMemory()).isEqualTo(SHARE);
        assertThat(context.memory().information().total()).isEqualTo(SHARE);
        assertThat(context.memory().information().free()).isLessThanOrEqualTo(SHARE);
    }

    @Test
    void plainAllocationsStopAtTheShare() {
        assertThat(context.memory().allocate(SHARE + 1, 1).status())
                .isEqualTo(CudaStatus.OUT_OF_MEMORY);
        long address = allocate(40 * MIB);
        assertThat(context.memory().allocate(40 * MIB, 1).status())
                .isEqualTo(CudaStatus.OUT_OF_MEMORY);
        context.memory().free(address);
        assertThat(context.memory().allocate(40 * MIB, 1).status()).isEqualTo(CudaStatus.SUCCESS);
    }

    @Test
    void streamOrderedAllocationsStopAtTheShare() {
        GpuStream stream = stream();
        allocate(40 * MIB);
        assertThat(
                        context.memory()
                                .allocateAsync(stream, context.memory().defaultPool(), 40 * MIB)
                                .status())
                .isEqualTo(CudaStatus.OUT_OF_MEMORY);
    }

    @Test
    void modulesStopAtTheShare() {
        allocate(62 * MIB);
        String ptx =
                """
                .version 7.0
                .target sm_50
                .address_size 64
                .visible .global .align 4 .b8 big[16777216];
                """;
        assertThat(context.loadModule(text(ptx)).status()).isEqualTo(CudaStatus.OUT_OF_MEMORY);
    }

    @Test
    void theEndOfAContextGivesItsShareBack() {
        allocate(40 * MIB);
        allocate(100);
        context.close();
        assertThat(used).hasValue(0);
    }
}
