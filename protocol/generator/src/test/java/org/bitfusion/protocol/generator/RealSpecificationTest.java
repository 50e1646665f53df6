package org.bitfusion.protocol.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.bitfusion.protocol.generator.Specification.Function;
import org.bitfusion.protocol.generator.Specification.FunctionClass;
import org.bitfusion.protocol.generator.Specification.Variant;
import org.junit.jupiter.api.Test;

class RealSpecificationTest {
    private static final Path DIRECTORY = Path.of("../spec");
    private static final List<String> HEADERS =
            List.of("cuda.h", "cudaProfiler.h", "cudaGL.h", "cudaEGL.h", "cudaVDPAU.h");

    private final Specification specification;

    RealSpecificationTest() throws IOException {
        specification = SpecificationParser.parse(DIRECTORY);
    }

    /// What libcudart 13.0 asks of cuGetProcAddress at start-up, observed by listening to it.
    @Test
    void answersEveryNameThatTheRuntimeAsksFor() throws IOException {
        Map<String, Function> functions =
                specification.functions().stream()
                        .collect(Collectors.toMap(Function::name, f -> f));
        List<String> missing = new ArrayList<>();
        List<String> asked = Files.readAllLines(Path.of("src/test/resources/cudart-names.txt"));
        for (String line : asked) {
            if (line.startsWith("#")) {
                continue;
            }
            List<String> words = List.of(line.split(" ", -1));
            Function function = functions.get(words.get(0));
            int version = Integer.parseInt(words.get(1));
            boolean perThread = words.get(2).equals("2");
            if (function == null
                    || function.variants().stream()
                            .noneMatch(v -> v.version() <= version && v.perThread() == perThread)) {
                missing.add(line);
            }
        }
        assertThat(asked).hasSizeGreaterThan(400);
        assertThat(missing).isEmpty();
    }

    @Test
    void hasEveryFunctionThatTheToolkitDeclares() throws IOException {
        Optional<Path> include = include();
        assumeTrue(
                include.isPresent(),
                "skipped: no CUDA toolkit (looked for $CUDA_HOME/include/cuda.h)");
        Set<String> symbols =
                specification.functions().stream()
                        .flatMap(f -> f.variants().stream())
                        .map(Variant::symbol)
                        .collect(Collectors.toCollection(TreeSet::new));
        Set<String> declared = new TreeSet<>();
        for (String header : HEADERS) {
            declared.addAll(declared(include.orElseThrow().resolve(header)));
        }
        declared.remove("cuWGLGetDevice"); // only on Windows
        assertThat(declared).hasSizeGreaterThan(400);
        assertThat(symbols).containsAll(declared);
    }

    @Test
    void agreesWithTheToolkitOnTheFormsAndVersionsOfEveryFunction() throws IOException {
        Optional<Path> include = include();
        assumeTrue(
                include.isPresent(),
                "skipped: no CUDA toolkit (looked for $CUDA_HOME/include/cuda.h)");
        Pattern pointer = Pattern.compile("\\(CUDAAPI \\*PFN_(cu\\w+?)_v(\\d+)(_pt[sd][sz])?\\)");
        Set<String> declared = new TreeSet<>();
        for (String header : HEADERS) {
            Path file = include.orElseThrow().resolve(header.replace(".h", "Typedefs.h"));
            pointer.matcher(Files.readString(file))
                    .results()
                    .filter(match -> !match.group(1).equals("cuWGLGetDevice"))
                    .forEach(match ->
                            declared.add(
                                    match.group(1)
                                            + " "
                                            + match.group(2)
                                            + (match.group(3) == null ? "" : " per-thread")));
        }
        Set<String> ours = new TreeSet<>();
        for (Function function : specification.functions()) {
            for (Variant variant : function.variants()) {
                ours.add(
                        function.name()
                                + " "
                                + variant.version()
                                + (variant.perThread() ? " per-thread" : ""));
            }
        }
        assertThat(declared).hasSizeGreaterThan(600);
        assertThat(ours).containsAll(declared);
    }

    @Test
    void carriesEveryFunctionOfTheFirstRelease() {
        Set<String> carried =
                specification.functions().stream()
                        .filter(f -> f.functionClass() != FunctionClass.UNSUPPORTED)
                        .map(Function::name)
                        .collect(Collectors.toSet());
        assertThat(carried)
                .contains(
                        "cuInit",
                        "cuDeviceGetAttribute",
                        "cuDevicePrimaryCtxRetain",
                        "cuCtxCreate",
                        "cuModuleLoadDataEx",
                        "cuLibraryLoadData",
                        "cuLibraryGetKernel",
                        "cuFuncGetAttribute",
                        "cuOccupancyMaxPotentialBlockSize",
                        "cuMemAlloc",
                        "cuMemAllocPitch",
                        "cuMemHostAlloc",
                        "cuMemHostRegister",
                        "cuMemsetD2D32Async",
                        "cuMemcpy3DPeerAsync",
                        "cuPointerGetAttributes",
                        "cuMemAllocFromPoolAsync",
                        "cuMemPoolCreate",
                        "cuStreamAddCallback",
                        "cuLaunchHostFunc",
                        "cuEventElapsedTime",
                        "cuLaunchKernelEx",
                        "cuLaunchCooperativeKernel",
                        "cuGetProcAddress",
                        "cuGetExportTable",
                        "cuProfilerStart");
    }

    /// A per-thread form exists only beside its plain form.
    @Test
    void everyPerThreadFormHasItsPlainForm() {
        for (Function function : specification.functions()) {
            Set<String> symbols =
                    function.variants().stream().map(Variant::symbol).collect(Collectors.toSet());
            for (Variant variant : function.variants()) {
                assertThat(variant.perThread())
                        .as(variant.symbol())
                        .isEqualTo(variant.symbol().matches(".*_pt[sd][sz]"));
                assertThat(symbols).contains(variant.symbol().replaceAll("_pt[sd][sz]$", ""));
            }
        }
    }

    private static Set<String> declared(Path header) throws IOException {
        String text =
                Pattern.compile("/\\*.*?\\*/", Pattern.DOTALL)
                        .matcher(
                                Files.readString(
                                        header, java.nio.charset.StandardCharsets.ISO_8859_1))
                        .replaceAll("");
        Set<String> names = new TreeSet<>();
        Pattern.compile("CUresult\\s+CUDAAPI\\s+(cu\\w+)\\s*\\(")
                .matcher(text)
                .results()
                .forEach(match -> names.add(match.group(1)));
        return names;
    }

    private static Optional<Path> include() {
        String home = System.getenv().getOrDefault("CUDA_HOME", "/usr/local/cuda");
        Path include = Path.of(home, "include");
        boolean there = Files.exists(include.resolve("cudaTypedefs.h"));
        if (!there) {
            System.out.println(
                    "no CUDA toolkit in " + home + ": the specification is not compared with it");
        }
        return there ? Optional.of(include) : Optional.empty();
    }
}
