package org.bitfusion.systemtests.gpu;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;

/// What `build-tools/gpu-run` runs on a machine with a GPU, from a bundle, with nothing else
/// installed: the contract suite, the semantics programs and the samples, on the machine's own
/// driver. Prints a line a test and, last, how many passed.
public final class GpuRun {
    private static final Duration TIME = Duration.ofMinutes(7).plusSeconds(30);
    private static final int TEST_SECONDS = 60;
    private static final int NOTHING_TO_RUN_ON = 69;
    private static final int USAGE = 64;
    private static final List<String> PARTS = List.of("contract", "programs", "samples");
    private static final List<String> PROGRAMS =
            List.of(
                    "errors",
                    "memory",
                    "pinned",
                    "threads",
                    "process",
                    "addresses",
                    "images",
                    "refusals",
                    "descriptors",
                    "waits");
    private static final List<String> SAMPLES =
            List.of("driver", "static", "shared", "native", "random", "forms");

    private static final Path SAMPLE_FOLDER = Repository.root().resolve("samples/target");

    private final String library;
    private final List<String> parts;
    private final long end = System.nanoTime() + TIME.toNanos();
    private final Map<String, Integer> counts = new HashMap<>();

    /// @param detail why it failed or was skipped
    record Line(String part, String test, String result, double seconds, String detail) {}

    private GpuRun(String library, List<String> parts) {
        this.library = library;
        this.parts = parts;
    }

    public static void main(String[] arguments) throws Exception {
        String library = "libcuda.so.1";
        List<String> parts = PARTS;
        for (int i = 0; i < arguments.length; i += 2) {
            String value = i + 1 < arguments.length ? arguments[i + 1] : "";
            switch (arguments[i]) {
                case "--library" -> library = Path.of(value).toAbsolutePath().toString();
                case "--only" -> parts = Arrays.asList(value.split(",", -1));
                default -> parts = List.of();
            }
        }
        if (parts.isEmpty() || !PARTS.containsAll(parts)) {
            System.err.println("usage: gpu-run [--library PATH] [--only PART,...]");
            System.err.println("PART: " + String.join(", ", PARTS));
            System.exit(USAGE);
        }
        System.exit(new GpuRun(library, parts).run());
    }

    private int run() throws IOException, InterruptedException {
        if (!canLoad(library)) {
            System.out.println(
                    "nothing was run: this machine has no " + library + ", so no NVIDIA driver");
            System.out.println("0 passed, 0 failed, 0 skipped");
            return NOTHING_TO_RUN_ON;
        }
        System.out.printf("%-9s %-72s %-8s %s%n", "part", "test", "result", "seconds");
        if (parts.contains("contract")) {
            ContractPart.tests().forEach(test -> inTime("contract", test, () -> contract(test)));
        }
        if (parts.contains("programs") || parts.contains("samples")) {
            withAppliance();
        }
        System.out.printf(
                "%d passed, %d failed, %d skipped%n",
                count("passed"), count("failed"), count("skipped"));
        return count("failed") == 0 ? 0 : 1;
    }

    private int count(String result) {
        return counts.getOrDefault(result, 0);
    }

    private static boolean canLoad(String name) {
        try {
            SymbolLookup.libraryLookup(name, Arena.global());
            return true;
        } catch (IllegalArgumentException absent) {
            return false;
        }
    }

    private interface Test {
        List<Line> run() throws IOException;
    }

    private void inTime(String part, String name, Test test) {
        if (System.nanoTime() > end) {
            print(List.of(new Line(part, name, "skipped", 0, "no time left")));
            return;
        }
        try {
            print(test.run());
        } catch (IOException e) {
            print(List.of(new Line(part, name, "failed", 0, e.toString())));
        }
    }

    private synchronized void print(List<Line> lines) {
        for (Line line : lines) {
            counts.merge(line.result(), 1, Integer::sum);
            System.out.printf(
                    "%-9s %-72s %-8s %7.2f%s%n",
                    line.part(),
                    line.test(),
                    line.result(),
                    line.seconds(),
                    line.detail().isEmpty() ? "" : "  " + line.detail());
        }
    }

    private List<Line> contract(String selector) throws IOException {
        return ContractPart.run(selector, library, TEST_SECONDS);
    }

    private void withAppliance() throws InterruptedException {
        Map<String, String> settings = new HashMap<>();
        settings.put("BF_GPU", "cuda");
        settings.put("BF_PRESTARTED_WORKERS", "4");
        settings.put("BF_WORKER_JAVA_OPTIONS", "-Dbitfusion.libcuda=" + library);
        try (Appliance appliance = Appliance.start(settings);
                ExecutorService threads = Executors.newFixedThreadPool(parallel())) {
            List<Future<?>> all = new ArrayList<>();
            if (parts.contains("programs")) {
                for (String name : PROGRAMS) {
                    CProgram program =
                            new CProgram(
                                    Repository.target().resolve("programs/" + name),
                                    CProgram.Sanitizer.NONE);
                    for (String test : program.tests()) {
                        all.add(
                                threads.submit(() ->
                                        inTime(
                                                "programs",
                                                name + "." + test,
                                                () -> program(appliance, program, name, test))));
                    }
                }
            }
            if (parts.contains("samples")) {
                for (Path sample : samples()) {
                    all.add(
                            threads.submit(() ->
                                    inTime(
                                            "samples",
                                            sampleName(sample),
                                            () -> sample(appliance, sample))));
                }
            }
            for (Future<?> one : all) {
                one.get();
            }
        } catch (ExecutionException | IOException e) {
            print(List.of(new Line("product", "appliance", "failed", 0, e.toString())));
        }
    }

    private static int parallel() {
        return Math.clamp(Runtime.getRuntime().availableProcessors() / 4, 1, 4);
    }

    private static List<Line> program(
            Appliance appliance, CProgram program, String name, String test) {
        String reason = OtherOnCuda.reason(test).orElse("");
        if (!reason.isEmpty()) {
            return List.of(new Line("programs", name + "." + test, "skipped", 0, reason));
        }
        return result(
                "programs",
                name + "." + test,
                "PASSED " + test,
                () -> program.run(test, appliance.clientEnvironment()));
    }

    private static List<Path> samples() throws IOException {
        List<Path> programs = new ArrayList<>();
        for (String folder : SAMPLES) {
            Path path = SAMPLE_FOLDER.resolve(folder);
            if (Files.isDirectory(path)) {
                try (Stream<Path> files = Files.list(path)) {
                    files.filter(Files::isExecutable)
                            .filter(Files::isRegularFile)
                            .filter(file -> !file.endsWith("generate"))
                            .sorted()
                            .forEach(programs::add);
                }
            }
        }
        return programs;
    }

    private static String sampleName(Path sample) {
        return SAMPLE_FOLDER.relativize(sample).toString();
    }

    private static List<Line> sample(Appliance appliance, Path sample) {
        return result(
                "samples",
                sampleName(sample),
                "PASSED",
                () ->
                        CProgram.run(
                                List.of(sample.toString()),
                                appliance.clientEnvironment(),
                                TEST_SECONDS));
    }

    private interface Program {
        CProgram.Result run();
    }

    private static List<Line> result(String part, String name, String word, Program program) {
        long begun = System.nanoTime();
        CProgram.Result result = program.run();
        boolean good = result.exitCode() == 0 && result.output().contains(word);
        String last = result.output().strip().lines().reduce((_, line) -> line).orElse("no output");
        return List.of(
                new Line(
                        part,
                        name,
                        good ? "passed" : "failed",
                        (System.nanoTime() - begun) / 1e9,
                        good ? "" : last));
    }
}
