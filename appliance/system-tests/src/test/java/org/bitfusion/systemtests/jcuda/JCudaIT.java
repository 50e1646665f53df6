package org.bitfusion.systemtests.jcuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JCudaIT {

    @ParameterizedTest
    @CsvSource({"11.8.0, runtime 11080", "12.6.0, runtime 12000"})
    void anOlderStaticRuntimeQueriesCopiesAndLaunches(String version, String runtime) {
        Path jars = Repository.target().resolve("jcuda");
        String classPath =
                String.join(
                        ":",
                        Repository.target().resolve("test-classes").toString(),
                        jars.resolve("jcuda-" + version + ".jar").toString(),
                        jars.resolve("jcuda-natives-" + version + "-linux-x86_64.jar").toString());
        try (Appliance appliance = Appliance.start(Map.of())) {
            CProgram.Result result =
                    CProgram.run(
                            List.of(
                                    Path.of(System.getProperty("java.home"), "bin", "java")
                                            .toString(),
                                    "--enable-native-access=ALL-UNNAMED",
                                    "-Djava.io.tmpdir=" + Repository.target(),
                                    "-cp",
                                    classPath,
                                    "org.bitfusion.systemtests.jcuda.JCudaProgram"),
                            appliance.clientEnvironment(),
                            60);
            assertThat(result.output()).contains(runtime, "PASSED");
            assertThat(result.exitCode()).isZero();
        }
    }
}
