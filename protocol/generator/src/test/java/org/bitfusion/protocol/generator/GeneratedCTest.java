package org.bitfusion.protocol.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.bitfusion.protocol.generator.Specification.CudaType;
import org.bitfusion.protocol.generator.Specification.EnumType;
import org.bitfusion.protocol.generator.Specification.Member;
import org.bitfusion.protocol.generator.Specification.StructType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Compiles what is generated from the real specification.
class GeneratedCTest {
    private static final Path SPECIFICATION = Path.of("../spec");

    @TempDir private static Path folder = Path.of("target");

    @BeforeAll
    static void generate() throws IOException {
        assumeTrue(CCompiler.present(), "skipped: no C compiler");
        GeneratorMain.run("--spec", SPECIFICATION.toString(), "--c", folder.toString());
    }

    @Test
    void theLibraryExportsExactlyTheSpecificationsSymbols()
            throws IOException, InterruptedException {
        String library = library();
        String exported =
                CCompiler.run(List.of("nm", "-D", "--defined-only", "--format=posix", library));
        assertThat(
                        new TreeSet<>(
                                exported.lines()
                                        .map(line -> line.substring(0, line.indexOf(' ')))
                                        .toList()))
                .isEqualTo(
                        SpecificationParser.parse(SPECIFICATION).functions().stream()
                                .flatMap(function -> function.variants().stream())
                                .map(Specification.Variant::symbol)
                                .collect(Collectors.toCollection(TreeSet::new)));
    }

    @Test
    void whatNobodyWroteIsRefusedAndNamedOnce() throws IOException, InterruptedException {
        String program =
                """
                #include "bf_entry.h"
                #include <stdio.h>
                int main(void)
                {
                    int first = cuGraphCreate();
                    int second = cuGraphCreate();
                    int third = cuInit(0);
                    printf("%d %d %d\\n", first, second, third);
                    return 0;
                }
                """;
        assertThat(runWithLibrary(program).lines())
                .containsExactly("refused cuGraphCreate", "refused cuInit", "801 801 801");
    }

    @Test
    void theTableAnswersAsTheDriverDoes() throws IOException, InterruptedException {
        String program =
                """
                #include "bf_proc_table.h"
                #include <stdio.h>
                static void find(const char *name, int version, bool per_thread)
                {
                    bool known;
                    const struct bf_proc *found = bf_proc_find(name, version, per_thread, &known);
                    printf("%s %d\\n", found ? found->symbol : "none", known);
                }
                int main(void)
                {
                    find("cuMemAlloc", 2000, false);
                    find("cuMemAlloc", 13000, false);
                    find("cuMemAlloc", 13000, true);
                    find("cuCtxCreate", 12040, false);
                    find("cuCtxCreate", 12050, false);
                    find("cuMemcpyHtoD", 7000, true);
                    find("cuMemcpyHtoD", 6050, true);
                    find("cuLaunchKernelEx", 11050, false);
                    find("cuNothing", 13000, false);
                    find("", 13000, false);
                    find("zz", 13000, false);
                    printf("%s\\n", bf_proc_find_symbol("cuMemFree_v2")->name);
                    printf("%d\\n", bf_proc_find_symbol("cuMemFree_v9") == NULL);
                    return 0;
                }
                """;
        assertThat(runWithLibrary(program).lines())
                .containsExactly(
                        "cuMemAlloc 1",
                        "cuMemAlloc_v2 1",
                        "cuMemAlloc_v2 1",
                        "cuCtxCreate_v3 1",
                        "cuCtxCreate_v4 1",
                        "cuMemcpyHtoD_v2_ptds 1",
                        "cuMemcpyHtoD_v2 1",
                        "none 1",
                        "none 0",
                        "none 0",
                        "none 0",
                        "cuMemFree",
                        "1");
    }

    /// Numbers, sizes and offsets of the specification against the toolkit's own header, by the
    /// compiler.
    @Test
    void agreesWithTheToolkitOnNumbersAndLayouts() throws IOException, InterruptedException {
        Path include =
                Path.of(System.getenv().getOrDefault("CUDA_HOME", "/usr/local/cuda"), "include");
        assumeTrue(
                Files.exists(include.resolve("cuda.h")), "skipped: no CUDA toolkit in " + include);
        Specification specification = SpecificationParser.parse(SPECIFICATION);
        StringBuilder text =
                new StringBuilder(
                        "#include <cuda.h>\n#include <cudaProfiler.h>\n#include <stddef.h>\n");
        for (CudaType type : specification.types()) {
            switch (type) {
                case EnumType enumeration ->
                        enumeration
                                .values()
                                .forEach(value ->
                                        claim(text, "(long)" + value.name(), value.value()));
                case StructType struct when !struct.name().startsWith("bf_") ->
                        layout(text, specification, struct);
                default -> {}
            }
        }
        specification.constants().values().stream()
                .filter(constant -> constant.ofDriver() && constant.cast().isEmpty())
                .forEach(constant -> claim(text, "(long)" + constant.name(), constant.value()));
        Path source = Files.writeString(folder.resolve("toolkit.c"), text);
        assertThat(text.toString().lines().count()).isGreaterThan(600);
        CCompiler.run(
                List.of(
                        "cc",
                        "-std=c17",
                        "-isystem",
                        include.toString(),
                        "-fsyntax-only",
                        source.toString()));
    }

    private static void layout(StringBuilder text, Specification specification, StructType struct) {
        claim(text, "sizeof(" + struct.name() + ")", struct.bytes());
        List<Long> offsets = new Layouts(specification).offsets(struct);
        for (int i = 0; i < offsets.size(); i++) {
            Member member = struct.members().get(i);
            if (!member.name().equals("smCount")) { // a union's member there, at the same place
                claim(
                        text,
                        "offsetof(" + struct.name() + ", " + member.name() + ")",
                        offsets.get(i));
            }
        }
    }

    private static void claim(StringBuilder text, String expression, long value) {
        text.append("_Static_assert(%s == %d, \"%s\");%n".formatted(expression, value, expression));
    }

    private static String library() throws IOException, InterruptedException {
        Path log =
                Files.writeString(
                        folder.resolve("log.c"),
                        """
                        #include <stdio.h>
                        #include "bf_functions.h"
                        #include "bf_messages.h"
                        void bf_unsupported(const char *symbol)
                        {
                            printf("refused %s\\n", symbol);
                        }
                        """);
        String library = folder.resolve("libcuda.so.1").toString();
        List<String> arguments =
                new ArrayList<>(
                        List.of("-shared", "-Wl,-z,defs", "-I", folder.toString(), "-o", library));
        arguments.add("-Wl,--version-script=" + folder.resolve("libcuda.map"));
        arguments.add(log.toString());
        Arrays.asList("bf_entry.c", "bf_missing.c", "bf_proc_table.c")
                .forEach(source -> arguments.add(folder.resolve(source).toString()));
        CCompiler.compile(arguments.toArray(String[]::new));
        return library;
    }

    /// Links the objects themselves rather than the library, so that a program also sees what is
    /// not exported.
    private static String runWithLibrary(String program) throws IOException, InterruptedException {
        library();
        Path source = Files.writeString(folder.resolve("program.c"), program);
        String executable = folder.resolve("program").toString();
        CCompiler.compile(
                "-I",
                folder.toString(),
                "-o",
                executable,
                source.toString(),
                folder.resolve("log.c").toString(),
                folder.resolve("bf_entry.c").toString(),
                folder.resolve("bf_missing.c").toString(),
                folder.resolve("bf_proc_table.c").toString());
        return CCompiler.run(List.of(executable));
    }
}
