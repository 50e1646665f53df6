package org.bitfusion.cli.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CancellationTest {
    @TempDir Path folder;
    private final List<String> done = new ArrayList<>();
    private final Cancellation cancellation = new Cancellation(signal -> done.add("end " + signal));

    @Test
    void theLastThatWasMadeIsUndoneFirst() {
        assertThat(made("folder")).isEqualTo("folder");
        made("file");
        cancellation.cancel(2);
        assertThat(done).containsExactly("undo file", "undo folder", "end 2");
    }

    @Test
    void theSessionsFileIsRemoved() {
        SessionFile file =
                cancellation.make(() -> SessionFile.create(folder, "secret"), SessionFile::remove);
        cancellation.cancel(2);
        assertThat(file.path()).doesNotExist();
    }

    @Test
    void nothingIsMadeAnyMore() throws InterruptedException {
        cancellation.cancel(2);
        Thread late = Thread.ofVirtual().start(() -> made("late"));
        assertThat(late.join(Duration.ofMillis(100))).as("has gone on").isFalse();
    }

    @Test
    void whatCannotBeUndoneKeepsNothingElseFromIt() {
        made("folder");
        cancellation.make(
                () -> "file",
                _ -> {
                    throw new IllegalStateException("it is locked");
                });
        cancellation.cancel(2);
        assertThat(done).containsExactly("undo folder", "end 2");
    }

    /// A command whose request was taken back fails because of that; it is not to say so.
    @Test
    void whoFailsMeanwhileWaitsForTheEnd() throws InterruptedException {
        Thread before = Thread.ofVirtual().start(cancellation::awaitEnd);
        assertThat(before.join(Duration.ofSeconds(10))).isTrue();
        cancellation.cancel(2);
        Thread after = Thread.ofVirtual().start(cancellation::awaitEnd);
        assertThat(after.join(Duration.ofMillis(100))).as("has gone on").isFalse();
    }

    private String made(String name) {
        return cancellation.make(() -> name, undone -> done.add("undo " + undone));
    }
}
