package org.bitfusion.gpu.soft;

import java.util.Map;
import org.bitfusion.gpu.GpuDriverProvider;
import org.bitfusion.gpu.contract.ErrorContract;
import org.bitfusion.gpu.contract.LaunchContract;
import org.bitfusion.gpu.contract.MemoryContract;
import org.bitfusion.gpu.contract.ModuleContract;
import org.bitfusion.gpu.contract.PoolContract;
import org.bitfusion.gpu.contract.ShareContract;
import org.bitfusion.gpu.contract.StreamContract;
import org.junit.jupiter.api.Nested;

/// The contract of every GPU, kept by the software GPU.
class SoftContractTest {
    @Nested
    class Memory extends MemoryContract {
        @Override
        protected GpuDriverProvider provider() {
            return new SoftDriverProvider();
        }
    }

    @Nested
    class Streams extends StreamContract {
        @Override
        protected GpuDriverProvider provider() {
            return new SoftDriverProvider();
        }
    }

    @Nested
    class Pools extends PoolContract {
        @Override
        protected GpuDriverProvider provider() {
            return new SoftDriverProvider();
        }
    }

    @Nested
    class Shares extends ShareContract {
        @Override
        protected GpuDriverProvider provider() {
            return new SoftDriverProvider();
        }
    }

    @Nested
    class Modules extends ModuleContract {
        @Override
        protected GpuDriverProvider provider() {
            return new SoftDriverProvider();
        }
    }

    @Nested
    class Launches extends LaunchContract {
        @Override
        protected GpuDriverProvider provider() {
            return new SoftDriverProvider();
        }
    }

    @Nested
    class Errors extends ErrorContract {
        @Override
        protected GpuDriverProvider provider() {
            return new SoftDriverProvider();
        }
    }

    @Nested
    class InterpretedLaunches extends LaunchContract {
        @Override
        protected GpuDriverProvider provider() {
            return new SoftDriverProvider();
        }

        @Override
        protected Map<String, String> environment() {
            return Map.of("BF_SOFT_EXECUTOR", "interpreter");
        }
    }

    @Nested
    class InterpretedErrors extends ErrorContract {
        @Override
        protected GpuDriverProvider provider() {
            return new SoftDriverProvider();
        }

        @Override
        protected Map<String, String> environment() {
            return Map.of("BF_SOFT_EXECUTOR", "interpreter");
        }
    }
}
