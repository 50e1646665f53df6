package org.bitfusion.gpu.soft;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuDriverProvider;
import org.bitfusion.gpu.contract.GpuContract;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/// A kernel that is given a host address faults, and the program's stderr is told why.
class HostMemoryTest {
    private static final long HOST = 0x7FFD_1234_5678L;

    abstract static class Told extends GpuContract {
        @Override
        protected GpuDriverProvider provider() {
            return new SoftDriverProvider();
        }

        private String storeAt(long address) {
            var stream = stream();
            launch(stream, kernel("store"), 1, 1, address, 1);
            assertThat(synchronize(stream)).isEqualTo(CudaStatus.ILLEGAL_ADDRESS);
            return new String(context.takeFailures(), StandardCharsets.UTF_8);
        }

        @Test
        void theAddressAndTheKernelAreNamed() {
            assertThat(storeAt(HOST))
                    .isEqualTo(
                            "bitfusion: kernel store: address 0x7ffd12345678 is not device memory;"
                                    + " kernels cannot read or write host memory, pinned or not,"
                                    + " on this GPU\n");
        }

        /// Blocks have their own memory there, on pages that are dead when nothing runs.
        @Test
        void hostMemoryMayLieRightBehindTheWindow() {
            long behind = WINDOW_BASE + WINDOW_SIZE + (32L << 30);
            assertThat(storeAt(behind)).contains("address 0x%x ".formatted(behind));
        }

        @Test
        void aNullPointerIsNoHostMemory() {
            assertThat(storeAt(0)).contains("address 0x0 ", "null pointer").hasLineCount(1);
        }
    }

    @Nested
    class Compiled extends Told {
        @Override
        protected Map<String, String> environment() {
            return Map.of("BF_SOFT_MEMORY", "256", "BF_SOFT_EXECUTOR", "compiler");
        }
    }

    @Nested
    class Interpreted extends Told {
        @Override
        protected Map<String, String> environment() {
            return Map.of("BF_SOFT_MEMORY", "256", "BF_SOFT_EXECUTOR", "interpreter");
        }
    }
}
