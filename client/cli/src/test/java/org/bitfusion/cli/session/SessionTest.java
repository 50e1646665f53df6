package org.bitfusion.cli.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.bitfusion.cli.Fault;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionTest {
    @TempDir Path home;

    private List<String> assignments(Map<String, String> environment) throws IOException {
        Path library = Files.createDirectories(home.resolve("lib/cuda")).resolve("libcuda.so.1");
        if (!Files.exists(library)) {
            Files.createFile(library);
        }
        return new SessionEnvironment(home, environment)
                .assignments(Path.of("/tmp/bitfusion1"), List.of("python", "x.py"));
    }

    @Test
    void theProgramLearnsItsSession() throws IOException {
        assertThat(assignments(Map.of("HOME", "/home/u")))
                .containsExactly(
                        "BF_ADAPTOR_CONFIG=/tmp/bitfusion1",
                        "BF_USER_COMMAND=python x.py",
                        "LD_LIBRARY_PATH=" + home + "/lib/cuda",
                        "LD_AUDIT=" + home + "/lib/audit/$LIB/libbitfusion-audit.so",
                        "BF_LOG_FILE=/home/u/.bitfusion/bf_Global.log");
    }

    @Test
    void whatTheUserHasSetStays() throws IOException {
        assertThat(
                        assignments(
                                Map.of(
                                        "LD_LIBRARY_PATH",
                                        "/a:/b",
                                        "BF_LOG_FILE",
                                        "/x",
                                        "HOME",
                                        "/home/u")))
                .contains("LD_LIBRARY_PATH=" + home + "/lib/cuda:/a:/b")
                .noneMatch(assignment -> assignment.startsWith("BF_LOG_FILE="));
    }

    @Test
    void aSessionInASessionDoesNotRepeatThePath() throws IOException {
        assertThat(assignments(Map.of("LD_LIBRARY_PATH", home + "/lib/cuda:/a")))
                .contains("LD_LIBRARY_PATH=" + home + "/lib/cuda:/a");
    }

    @Test
    void aMissingShimIsAFault() {
        SessionEnvironment environment = new SessionEnvironment(home, Map.of());
        assertThatThrownBy(() -> environment.assignments(Path.of("/x"), List.of("a")))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("libcuda.so.1");
    }

    @Test
    void theFileIsItsOwnersAndGoes() throws IOException {
        Path path;
        try (SessionFile file = SessionFile.create(home, "127.0.0.1 55001\n")) {
            path = file.path();
            assertThat(path.getFileName().toString()).matches("bitfusion\\d{1,9}");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rw-------");
            assertThat(path).hasContent("127.0.0.1 55001\n");
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void twoFilesNeverShareAName() {
        try (SessionFile first = SessionFile.create(home, "a");
                SessionFile second = SessionFile.create(home, "b")) {
            assertThat(first.path()).isNotEqualTo(second.path());
        }
    }

    @Test
    void thePoolsFilesAreNamedAndNotCopied() throws IOException {
        Path authority = Files.writeString(home.resolve("ca.crt"), "authority");
        Path identity = Files.writeString(home.resolve("client.pem"), "key");
        Path folder;
        try (SessionFile file = SessionFile.create(home, "a")) {
            folder = file.witnessFolder();
            file.showPool(authority, identity);
            assertThat(folder.resolve("tls/ca.crt")).isSymbolicLink().hasContent("authority");
            assertThat(folder.resolve("tls/client.pem")).isSymbolicLink().hasContent("key");
        }
        assertThat(folder).doesNotExist();
        assertThat(authority).hasContent("authority");
        assertThat(identity).hasContent("key");
    }

    @Test
    void noRoomForTheFileIsAFault() {
        assertThatThrownBy(() -> SessionFile.create(home.resolve("absent"), "a"))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("absent");
    }

    @Test
    void theTimeIsWrittenAsTheLibraryWouldWriteIt() {
        for (long seconds = 0; seconds < 8_000_000_000L; seconds += 3_599_999) {
            assertThat(Transcript.timestamp(seconds))
                    .isEqualTo(Instant.ofEpochSecond(seconds).toString());
        }
        assertThat(Transcript.timestamp(Instant.parse("2024-02-29T23:59:59Z").getEpochSecond()))
                .isEqualTo("2024-02-29T23:59:59Z");
    }
}
