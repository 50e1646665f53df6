package org.bitfusion.protocol.generator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// The machine's C compiler, for tests of generated C.
final class CCompiler {
    private CCompiler() {}

    /// @return whether there is one; says so once per question if not
    static boolean present() {
        boolean there =
                Stream.of("/usr/bin/cc", "/usr/bin/gcc")
                        .anyMatch(f -> java.nio.file.Files.isExecutable(java.nio.file.Path.of(f)));
        if (!there) {
            System.out.println("no C compiler: generated C is not compiled");
        }
        return there;
    }

    /// Runs a command and expects it to succeed.
    ///
    /// @return what it printed
    static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(command + "\n" + output).isZero();
        return output;
    }

    /// Compiles with the warnings that the shim is compiled with, all of them errors.
    static void compile(String... arguments) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "cc",
                                "-std=c17",
                                "-Wall",
                                "-Wextra",
                                "-Wconversion",
                                "-Werror",
                                "-fPIC",
                                "-fvisibility=hidden"));
        command.addAll(List.of(arguments));
        run(command);
    }
}
