package org.bitfusion.gpu.cuda;

import org.bitfusion.gpu.GpuDriverProvider;
import org.bitfusion.gpu.contract.ErrorContract;
import org.bitfusion.gpu.contract.LaunchContract;
import org.bitfusion.gpu.contract.MemoryContract;
import org.bitfusion.gpu.contract.ModuleContract;
import org.bitfusion.gpu.contract.PoolContract;
import org.bitfusion.gpu.contract.ShareContract;
import org.bitfusion.gpu.contract.StreamContract;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The contract of every GPU, kept by `gpu-cuda` over a driver with the real one's hard edges. Each
/// test has a driver of its own, since an error of a kernel ends a driver.
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StrictDriverContractTest {
    private static final String ERRORS_END_THE_PROCESS =
            "an error of a kernel ends CUDA for the whole process, its other contexts too";

    @Nested
    class Memory extends MemoryContract {
        @Override
        protected GpuDriverProvider provider() {
            return StrictDriver.fresh();
        }
    }

    @Nested
    class Streams extends StreamContract {
        @Override
        protected GpuDriverProvider provider() {
            return StrictDriver.fresh();
        }
    }

    @Nested
    class Pools extends PoolContract {
        @Override
        protected GpuDriverProvider provider() {
            return StrictDriver.fresh();
        }
    }

    @Nested
    class Shares extends ShareContract {
        @Override
        protected GpuDriverProvider provider() {
            return StrictDriver.fresh();
        }
    }

    @Nested
    class Modules extends ModuleContract {
        @Override
        protected GpuDriverProvider provider() {
            return StrictDriver.fresh();
        }
    }

    @Nested
    class Launches extends LaunchContract {
        @Override
        protected GpuDriverProvider provider() {
            return StrictDriver.fresh();
        }
    }

    @Nested
    class Errors extends ErrorContract {
        @Override
        protected GpuDriverProvider provider() {
            return StrictDriver.fresh();
        }

        @Override
        @Test
        @Disabled(ERRORS_END_THE_PROCESS)
        protected void addressesFarOutsideAreIllegalToo() {}

        @Override
        @Test
        @Disabled(ERRORS_END_THE_PROCESS)
        protected void otherContextsGoOn() {}
    }
}
