package org.bitfusion.systemtests.strict;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.Test;

/// Unmodified programs, the shim, the wire, a worker, `gpu-cuda`, and behind it a driver with the
/// real one's hard edges (`appliance/gpu-cuda/src/test/c/strict`).
class StrictDriverIT {
    /// The first places for a window that a client asks for lie below.
    private static final long THIRD_PLACE = 24L << 40;

    static Appliance start(Map<String, String> settings) {
        Map<String, String> all = new HashMap<>(settings);
        all.put("BF_GPU", "cuda");
        all.put(
                "BF_WORKER_JAVA_OPTIONS",
                Appliance.SHORT_LIVED
                        + " -Dbitfusion.libcuda="
                        + Repository.root()
                                .resolve("appliance/gpu-cuda/target/strict/libcuda.so.1"));
        return Appliance.start(all);
    }

    private static CProgram.Result passes(Appliance appliance, CProgram program, String test) {
        CProgram.Result result = program.run(test, appliance.clientEnvironment());
        assertThat(result.output()).contains("PASSED " + test);
        assertThat(result.exitCode()).isZero();
        return result;
    }

    @Test
    void aClientWhoseWindowIsRefusedIsToldAndAsksForAnother() {
        CProgram program = CProgram.build("strict");
        try (Appliance appliance =
                start(Map.of("STRICT_REFUSE_BELOW", Long.toString(THIRD_PLACE)))) {
            CProgram.Result result = passes(appliance, program, "says_where_its_memory_lies");
            long address =
                    Long.parseUnsignedLong(
                            result.output().lines().findFirst().orElseThrow().substring(2), 16);
            assertThat(address).isGreaterThanOrEqualTo(THIRD_PLACE);
            assertThat(appliance.log()).contains("window refused by the driver");
        }
    }

    @Test
    void aClientWhoseEveryWindowIsRefusedIsToldInOneLine() {
        CProgram program = CProgram.build("strict");
        try (Appliance appliance = start(Map.of("STRICT_REFUSE_BELOW", Long.toString(1L << 47)))) {
            CProgram.Result result =
                    program.run("says_where_its_memory_lies", appliance.clientEnvironment());
            assertThat(result.exitCode()).isEqualTo(1);
            assertThat(result.output())
                    .contains("can set no addresses aside that are free in this program");
        }
    }

    @Test
    void whatAKernelHasBrokenIsGoneWithItsWorker() {
        CProgram program = CProgram.build("strict");
        try (Appliance appliance = start(Map.of("BF_PRESTARTED_WORKERS", "1"))) {
            for (int round = 0; round < 3; round++) {
                passes(appliance, program, "loses_its_context");
                passes(appliance, program, "adds_numbers");
            }
        }
    }

    @Test
    void devicesOfDifferentMemoryShareTheWindow() {
        CProgram program = CProgram.build("strict");
        try (Appliance appliance = start(Map.of("STRICT_MEMORY", "256,1024"))) {
            passes(appliance, program, "uses_two_devices_in_one_thread");
        }
    }
}
