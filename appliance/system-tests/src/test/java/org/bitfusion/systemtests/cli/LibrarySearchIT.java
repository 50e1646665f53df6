package org.bitfusion.systemtests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A program of a session finds our library, whatever it or a wrapper says of folders.
class LibrarySearchIT {
    private static Appliance appliance;
    private static Path folder;

    /// Tells from which file the driver is that it was linked with, or that `dlopen` of its
    /// argument gives.
    private static final String PROGRAM =
            """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <stdio.h>
            int cuInit(unsigned);
            int main(int argc, char **argv) {
                Dl_info from;
                void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : RTLD_DEFAULT;
                if (argc > 2) return cuInit(0);
                return !dladdr(dlsym(library, "cuInit"), &from) || puts(from.dli_fname) < 0;
            }
            """;

    @BeforeAll
    static void start() throws IOException {
        folder = Files.createTempDirectory(Files.createDirectories(Repository.target()), "library");
        Files.writeString(folder.resolve("program.c"), PROGRAM);
        Files.writeString(folder.resolve("stub.c"), "int cuInit(unsigned flags) { return 34; }");
        Cli.Result made =
                Cli.alone()
                        .executeShell(
                                """
                                set -e
                                cd %s
                                gcc -shared -fPIC -Wl,-soname,libcuda.so.1 -o libcuda.so.1 stub.c
                                ln -s libcuda.so.1 libcuda.so
                                gcc -o program program.c -L. -lcuda -Wl,--disable-new-dtags -Wl,-rpath,$PWD
                                """
                                        .formatted(folder));
        assertThat(made.exitCode()).as(made.errors()).isZero();
        appliance = Appliance.start(Map.of());
    }

    @AfterAll
    static void end() {
        appliance.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "./program",
                "env LD_LIBRARY_PATH=$PWD ./program",
                "env -u LD_LIBRARY_PATH ./program",
                "./program libcuda.so",
                "./program libcuda.so.1",
                "./program $PWD/libcuda.so.1",
                "sh -c 'LD_LIBRARY_PATH=$PWD exec ./program $PWD/libcuda.so'"
            })
    void ourLibraryIsTheOneThatIsFound(String program) {
        String directory = "cd " + folder + "; ";
        assertThat(Cli.alone().executeShell(directory + program).output())
                .as("without a session")
                .doesNotContain("/lib/cuda/");
        Cli.Result result =
                Cli.of(appliance)
                        .executeShell(directory + Cli.of(appliance).runLine(1, "-q -- " + program));
        assertThat(result.errors()).isEmpty();
        assertThat(result.output())
                .isEqualTo(Cli.program().resolve("../../lib/cuda/libcuda.so.1").normalize() + "\n");
    }

    @Test
    void itWorks() {
        String program = folder.resolve("program").toString();
        Cli.Result result =
                Cli.of(appliance).executeRun(1, "-q", "--", program, "libcuda.so.1", "call");
        assertThat(result.exitCode()).as(result.errors()).isZero();
    }

    @Test
    void whatTheUserAuditsAndPreloadsStaysAndSessionsInSessionsDoNotAddUp() {
        String own =
                Cli.program()
                        .resolve("../../lib/audit/$LIB/libbitfusion-audit.so")
                        .normalize()
                        .toString();
        String line = Cli.of(appliance).runLine(1, "-q -p 0.1 -- ");
        Cli.Result result =
                Cli.of(appliance)
                        .with("LD_AUDIT", "/older/libbitfusion-audit.so:/users/own.so")
                        .with("LD_PRELOAD", "/users/other.so")
                        .executeShell(
                                line
                                        + line
                                        + "sh -c 'echo $LD_AUDIT; echo $LD_PRELOAD' 2>/dev/null");
        assertThat(result.output()).isEqualTo(own + ":/users/own.so\n/users/other.so\n");
    }
}
