package org.bitfusion.systemtests.documentation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Every `$ ./dev …` and `$ target/dist/…` of README.md's console blocks is run from the checkout's
/// root, and prints the lines that the README shows (numbers may differ, `...` stands for any
/// lines). `./dev test` is what runs this test: of it only the way that leads here is checked.
class ReadmeIT {
    private static final Pattern BLOCK = Pattern.compile("```console\\n(.*?)```", Pattern.DOTALL);
    private static final String THIS = "./dev test";

    private record Shown(String command, List<String> output) {}

    @TestFactory
    Stream<DynamicTest> everyCommandDoesWhatIsShown() throws IOException {
        List<Shown> all = shown();
        assertThat(all).hasSizeGreaterThan(3);
        return all.stream()
                .filter(shown -> !shown.command().equals(THIS))
                .map(shown -> DynamicTest.dynamicTest(shown.command(), () -> holds(shown)));
    }

    @Test
    void theTestCommandIsWhatContinuousIntegrationRuns() throws IOException {
        assertThat(shown()).extracting(Shown::command).contains(THIS);
        assertThat(Files.readString(Repository.root().resolve(".ci/run"))).contains(THIS);
    }

    private static void holds(Shown shown) {
        String mark = "BF_TEST_COMMAND=" + UUID.randomUUID();
        CProgram.Result result =
                CProgram.run(
                        List.of(
                                "bash",
                                "-c",
                                "cd '" + Repository.root() + "' && " + shown.command()),
                        Map.of(
                                "BF_DEV_BUILT",
                                "1",
                                "BF_TEST_COMMAND",
                                mark.substring(mark.indexOf('=') + 1)),
                        300);
        assertThat(result.exitCode()).as(result.output()).isZero();
        await("nothing goes on behind " + shown.command())
                .atMost(Duration.ofSeconds(20))
                .until(() -> processesWith(mark).isEmpty());
        String actual = "\n" + comparable(result.output()) + "\n";
        int from = 0;
        for (String line : shown.output()) {
            if (!line.equals("...")) {
                int at = actual.indexOf("\n" + comparable(line) + "\n", from);
                assertThat(at)
                        .as(
                                "«%s» in what «%s» printed:%n%s",
                                line, shown.command(), result.output())
                        .isNotNegative();
                from = at;
            }
        }
    }

    /// Processes that have a variable in their environment.
    private static List<ProcessHandle> processesWith(String assignment) {
        return ProcessHandle.allProcesses()
                .filter(process -> {
                    try {
                        return Files.readString(
                                        Path.of("/proc", "" + process.pid(), "environ"),
                                        StandardCharsets.ISO_8859_1)
                                .contains(assignment);
                    } catch (IOException _) {
                        return false; // it has ended, or is not ours
                    }
                })
                .toList();
    }

    /// Numbers and the kind of white space are not what is compared.
    private static String comparable(String text) {
        return text.replaceAll("[0-9a-f]{8}-[0-9a-f-]{27}", "#")
                .replaceAll("[0-9]+(\\.[0-9]+)?", "#")
                .replaceAll("[ \\t]+", " ");
    }

    private static List<Shown> shown() throws IOException {
        List<Shown> all = new ArrayList<>();
        Matcher blocks = BLOCK.matcher(Files.readString(Repository.root().resolve("README.md")));
        while (blocks.find()) {
            for (String line : blocks.group(1).split("\n", -1)) {
                if (line.startsWith("$ ./dev ") || line.startsWith("$ target/dist/")) {
                    all.add(new Shown(line.substring(2), new ArrayList<>()));
                } else if (!line.isBlank()) {
                    all.getLast().output().add(line);
                }
            }
        }
        return all;
    }

    /// The README's own words about files: the way through the code names files that exist.
    @Test
    void theWayThroughTheCodeExists() throws IOException {
        String readme = Files.readString(Repository.root().resolve("README.md"));
        Matcher links = Pattern.compile("\\]\\(([^)#:]+)\\)").matcher(readme);
        int count = 0;
        while (links.find()) {
            assertThat(Repository.root().resolve(Path.of(links.group(1)))).exists();
            count++;
        }
        assertThat(count).isGreaterThan(5);
    }
}
