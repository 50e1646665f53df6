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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/// The contract of every GPU, kept by the machine's own driver. Skipped, with this reason, where
/// there is none.
@Tag("gpu")
@EnabledIf(
        value = "driverPresent",
        disabledReason = "this machine has no libcuda.so.1, so no GPU to hold to the contract")
public class CudaContractTest {
    private static final String ERRORS_END_THE_PROCESS =
            "an error of a kernel ends CUDA for the whole process, its other contexts too";

    static boolean driverPresent() {
        return CudaGpuDriverProvider.isPresent();
    }

    @Nested
    class Memory extends MemoryContract {
        @Override
        protected GpuDriverProvider provider() {
            return new CudaGpuDriverProvider();
        }
    }

    @Nested
    class Streams extends StreamContract {
        @Override
        protected GpuDriverProvider provider() {
            return new CudaGpuDriverProvider();
        }
    }

    @Nested
    class Pools extends PoolContract {
        @Override
        protected GpuDriverProvider provider() {
            return new CudaGpuDriverProvider();
        }
    }

    @Nested
    class Shares extends ShareContract {
        @Override
        protected GpuDriverProvider provider() {
            return new CudaGpuDriverProvider();
        }
    }

    @Nested
    class Modules extends ModuleContract {
        @Override
        protected GpuDriverProvider provider() {
            return new CudaGpuDriverProvider();
        }
    }

    @Nested
    class Launches extends LaunchContract {
        @Override
        protected GpuDriverProvider provider() {
            return new CudaGpuDriverProvider();
        }
    }

    /// Each test of these needs a process of its own (`build-tools/gpu-run` gives it one).
    @Nested
    class Errors extends ErrorContract {
        @Override
        protected GpuDriverProvider provider() {
            return new CudaGpuDriverProvider();
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
