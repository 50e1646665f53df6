package org.bitfusion.systemtests.libraries;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// cuBLAS, cuFFT, cuRAND, cuSOLVER, cuSPARSE and NVRTC of CUDA 11.8 (Debian's section non-free;
/// `./dev cuda-libraries` fetches them) on the software GPU. It presents a capability that these
/// libraries do not know: for those that they do, most of their kernels are machine code only.
class CudaLibrariesIT {
    private static final String SYSTEM = "/usr/lib/x86_64-linux-gnu";
    private static final String CAPABILITY = "10.0";
    private static final int SECONDS = 300; // kernels of thousands of instructions are compiled
    private static final CProgram PROGRAM = CProgram.build("cuda_libraries");
    private static Optional<Path> libraries = Optional.empty();
    private static Appliance appliance;

    @BeforeAll
    static void start() {
        libraries =
                List.of(
                                Repository.root().resolve("target/cuda-libraries" + SYSTEM),
                                Path.of(SYSTEM))
                        .stream()
                        .filter(folder -> Files.exists(folder.resolve("libcublas.so.11")))
                        .findFirst();
        appliance = Appliance.start(Map.of("BF_SOFT_COMPUTE_CAPABILITY", CAPABILITY));
    }

    @AfterAll
    static void stop() {
        appliance.close();
    }

    static List<String> tests() {
        return PROGRAM.tests();
    }

    @ParameterizedTest
    @MethodSource("tests")
    void worksOverTheShim(String test) {
        assumeTrue(
                libraries.isPresent(), "CUDA 11.8's libraries are not here: ./dev cuda-libraries");
        Map<String, String> environment = new HashMap<>(appliance.clientEnvironment());
        environment.merge(
                "LD_LIBRARY_PATH",
                libraries.get().toString(),
                (ours, theirs) -> ours + ":" + theirs);
        CProgram.Result result =
                CProgram.run(List.of(PROGRAM.executable().toString(), test), environment, SECONDS);
        assertThat(result.output()).isEqualTo("PASSED " + test + "\n");
    }
}
