package org.bitfusion.manager;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A pool that is founded before its first appliance serves.
class FoundingIT {
    @TempDir Path folder = Path.of("/nowhere");

    @Test
    void aPoolIsFoundedOnceAndServedLater() throws Exception {
        TestManager founded = TestManager.founding(folder.resolve("one"), "127.0.0.6");
        assertThat(founded.process().exitValue()).as(founded.log()).isZero();
        assertThat(founded.output()).matches("Pool \\S+ founded; .*\n");
        assertThat(founded.processes()).noneMatch(each -> each.isAlive());
        String pool = founded.output().split(" ", -1)[1];
        byte[] root = Files.readAllBytes(founded.folder().resolve("tls/ca.crt"));

        TestManager refused = founded.foundAgain();
        assertThat(refused.process().exitValue()).isEqualTo(69);
        assertThat(refused.log())
                .contains("bitfusion initdb: this appliance is a member of a pool")
                .contains("delete that file");
        assertThat(founded.folder().resolve("tls/ca.crt")).hasBinaryContent(root);

        try (TestManager serving = founded.startAgain()) {
            assertThat(serving.asRoot(200, "GET", "/pool", null).path("pool").asString())
                    .isEqualTo(pool);
        }
    }

    @Test
    void aTokenToJoinWithIsNoReasonToFound() throws Exception {
        TestManager refused =
                TestManager.founding(folder.resolve("one"), "127.0.0.6", "--join", "x.tar");
        assertThat(refused.process().exitValue()).isEqualTo(64);
        assertThat(refused.log()).contains("bitfusion manager --join x.tar");
        assertThat(refused.folder().resolve("tls/pool.key")).doesNotExist();
    }
}
