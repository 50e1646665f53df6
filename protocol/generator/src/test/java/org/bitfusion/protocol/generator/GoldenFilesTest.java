package org.bitfusion.protocol.generator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Compares everything that the generator writes for a small specification with files that a person
/// has read.
///
/// `-Dgolden.write=true` renews the files; the difference is then read before it is committed.
class GoldenFilesTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");
    private static final Path EXPECTED = GOLDEN.resolve("expected");

    @Test
    void writesExactlyTheExpectedFiles(@TempDir Path written) throws IOException {
        GeneratorMain.run(
                "--spec", GOLDEN.toString(),
                "--c", written.resolve("c").toString(),
                "--java", written.resolve("java").toString(),
                "--ffm", written.resolve("ffm").toString(),
                "--echo", written.resolve("echo.c").toString(),
                "--table", written.resolve("table.md").toString());
        if (Boolean.getBoolean("golden.write")) {
            for (Path file : files(written)) {
                Path target = expected(file);
                Files.createDirectories(target.getParent());
                Files.writeString(target, Files.readString(written.resolve(file)));
            }
        }
        List<Path> files = files(written);
        assertThat(files(EXPECTED))
                .containsExactlyElementsOf(files.stream().map(f -> Path.of(f + ".txt")).toList());
        for (Path file : files) {
            assertThat(written.resolve(file)).hasSameTextualContentAs(expected(file));
        }
    }

    @Test
    void leavesAnUnchangedFileAlone(@TempDir Path written) throws IOException {
        String[] arguments = {"--spec", GOLDEN.toString(), "--table", written + "/table.md"};
        GeneratorMain.run(arguments);
        var first = Files.getLastModifiedTime(written.resolve("table.md"));
        Files.setLastModifiedTime(
                written.resolve("table.md"),
                java.nio.file.attribute.FileTime.fromMillis(first.toMillis() - 10_000));
        GeneratorMain.run(arguments);
        assertThat(Files.getLastModifiedTime(written.resolve("table.md")).toMillis())
                .isEqualTo(first.toMillis() - 10_000);
    }

    private static Path expected(Path file) {
        return EXPECTED.resolve(file + ".txt");
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(Files::isRegularFile).map(directory::relativize).sorted().toList();
        }
    }
}
