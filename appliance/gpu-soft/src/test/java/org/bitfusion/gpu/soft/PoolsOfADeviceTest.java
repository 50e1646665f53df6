package org.bitfusion.gpu.soft;

import static org.assertj.core.api.Assertions.assertThat;

import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuContext;
import org.bitfusion.gpu.GpuDriverProvider;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.contract.GpuContract;
import org.junit.jupiter.api.Test;

/// A pool is the device's, whatever context it was made in: a worker keeps all of a program's in
/// one of their own.
class PoolsOfADeviceTest extends GpuContract {
    @Override
    protected GpuDriverProvider provider() {
        return new SoftDriverProvider();
    }

    @Test
    void aPlainAllocationGetsWhatAPoolOfAnotherContextHoldsUnused() {
        try (GpuContext home = driver.createContext(device, 0).value()) {
            GpuStream stream = context.createStream(1, 0).value();
            long most = context.memory().information().free() * 3 / 4;
            long address =
                    context.memory()
                            .allocateAsync(stream, home.memory().defaultPool(), most)
                            .value();
            context.memory().freeAsync(stream, address);
            assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
            assertThat(context.memory().allocate(most, 1).status()).isEqualTo(CudaStatus.SUCCESS);
        }
    }
}
