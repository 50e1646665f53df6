package org.bitfusion.cluster.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.TestMembers;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.cluster.store.ZooKeeperRecordStore;
import org.bitfusion.tls.store.RecordPath;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RestartIT {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final RecordPath PATH = new RecordPath("tokens", "CA7WPsj");

    @TempDir Path temporary;

    @Test
    void whatWasAcknowledgedIsThereAfterTheProcessWasKilled() {
        try (TestMembers members = new TestMembers(temporary)) {
            Member member = TestMembers.member(1);
            ZooKeeperProcess process = members.start(member, List.of(member), List.of());
            PoolConnection connection = members.connect(member, List.of(member));
            assertThat(connection.awaitConnected(LONG)).isTrue();
            ZooKeeperRecordStore store = new ZooKeeperRecordStore(connection);
            assertThat(store.create(PATH, new byte[] {7})).isTrue();

            ProcessHandle.of(process.pid().orElseThrow()).orElseThrow().destroyForcibly();

            await().atMost(LONG).until(() -> process.starts() == 2 && process.pid().isPresent());
            await().atMost(LONG).until(() -> connection.isConnected());
            assertThat(store.read(PATH).orElseThrow().content()).containsExactly(7);
        }
    }
}
