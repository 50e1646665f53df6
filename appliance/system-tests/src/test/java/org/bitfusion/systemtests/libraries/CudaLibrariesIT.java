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
import org.junit.jupiter.params.provider.ValueSource;

/// cuBLAS, cuFFT, cuRAND, cuSOLVER, cuSPARSE and NVRTC of CUDA 11.8 (Debian's section non-free;
/// `./dev cuda-libraries` fetches them) on the software GPU. It presents a capability that these
/// libraries do not know: for those that they do, most of their kernels are machine code only. The
/// same holds for cuBLAS of CUDA 13, which comes from PyPI.
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

    private static void passes(
            Appliance appliance, Path folder, String test, Map<String, String> settings) {
        Map<String, String> environment = new HashMap<>(appliance.clientEnvironment());
        environment.putAll(settings);
        environment.merge(
                "LD_LIBRARY_PATH", folder.toString(), (ours, theirs) -> ours + ":" + theirs);
        CProgram.Result result =
                CProgram.run(List.of(PROGRAM.executable().toString(), test), environment, SECONDS);
        assertThat(result.output()).isEqualTo("PASSED " + test + "\n");
    }

    /// cuBLAS 13 brings machine code for all capabilities that it knows, and PTX for others; it
    /// names an option of `cuLibraryLoadData` without a value.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "cublas_works_on_vectors",
                "cublas_multiplies_matrices",
                "cublas_solves_a_triangle"
            })
    void cublasOfCuda13WorksOverTheShim(String test) {
        Path folder = Repository.root().resolve("target/cuda-libraries/13/nvidia/cu13/lib");
        assumeTrue(
                Files.exists(folder.resolve("libcublas.so.13")),
                "cuBLAS of CUDA 13 is not here: ./dev cuda-libraries");
        try (Appliance later = Appliance.start(Map.of("BF_SOFT_COMPUTE_CAPABILITY", "13.0"))) {
            passes(later, folder, test, Map.of("BF_TEST_CUDA", "13"));
        }
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
        passes(appliance, libraries.get(), test, Map.of());
    }
}
