package org.bitfusion.systemtests.gpu;

import java.util.Map;
import java.util.Optional;

/// Tests of the semantics programs that hold for the software GPU only, and why a driver of
/// NVIDIA's answers otherwise.
public final class OtherOnCuda {
    private static final Map<String, String> REASONS =
            Map.of(
                    "a_kernel_that_is_given_host_memory_says_so_on_stderr_once",
                    "the driver does not say whose the bad address was",
                    "an_image_of_machine_code_says_that_it_does_not_run",
                    "the driver runs machine code",
                    "a_reset_of_the_primary_context_clears_a_sticky_error",
                    "an error of a kernel ends CUDA for the process (cudaErrorIllegalAddress)",
                    "ptx_of_a_later_toolkit_is_refused_only_for_what_is_new",
                    "the driver refuses the whole module",
                    "an_instruction_that_the_gpu_does_not_know_fails_only_its_kernel",
                    "the driver refuses the whole module",
                    "an_instruction_that_the_gpu_does_not_know_is_named_on_stderr_once",
                    "the driver refuses the whole module");

    private OtherOnCuda() {}

    /// Why this test is not run over `gpu-cuda`.
    public static Optional<String> reason(String test) {
        return Optional.ofNullable(REASONS.get(test));
    }
}
