package org.bitfusion.systemtests.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bitfusion.systemtests.CProgram;
import org.junit.jupiter.api.Test;

class GpuRunIT {
    private static CProgram.Result run(String... arguments) {
        List<String> command =
                new java.util.ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                GpuRun.class.getName()));
        command.addAll(List.of(arguments));
        return CProgram.run(command, Map.of(), 60);
    }

    @Test
    void aMachineWithoutADriverIsToldThatNothingWasRun() {
        CProgram.Result result = run("--library", "/nowhere/libcuda.so.1");
        assertThat(result.output())
                .isEqualTo(
                        """
                        nothing was run: this machine has no /nowhere/libcuda.so.1, so no NVIDIA driver
                        0 passed, 0 failed, 0 skipped
                        """);
        assertThat(result.exitCode()).isEqualTo(69);
    }

    @Test
    void anUnknownFlagOrPartIsRefused() {
        assertThat(run("--fast").exitCode()).isEqualTo(64);
        assertThat(run("--only", "contract,demo").exitCode()).isEqualTo(64);
    }
}
