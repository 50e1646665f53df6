package org.bitfusion.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.bitfusion.ledger.HostLedger.Gpu;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostLedgerTest {
    private static final long ALL = 1000;
    private static final Gpu GPU = new Gpu(UUID.randomUUID(), ALL);
    private static final Gpu SECOND = new Gpu(UUID.randomUUID(), 2 * ALL);

    private final Path folder;

    HostLedgerTest(@TempDir Path parent) {
        folder = parent.resolve("made/bitfusion");
    }

    private HostLedger join(UUID member, Gpu... gpus) throws IOException {
        return HostLedger.join(folder, member, List.of(gpus));
    }

    private Path file(Gpu gpu) {
        return folder.resolve("gpu-" + gpu.id());
    }

    @Test
    void twoMembersTogetherHaveTheGpuAndNothingMore() throws IOException {
        HostLedger one = join(UUID.randomUUID(), GPU, SECOND);
        HostLedger other = join(UUID.randomUUID(), SECOND);
        assertThat(one.take(1, 2 * ALL + 1)).isFalse();
        assertThat(one.take(1, -1)).isFalse();
        assertThat(one.take(1, 1200)).isTrue();
        assertThat(other.take(0, 801)).isFalse();
        assertThat(other.take(0, 800)).isTrue();
        assertThat(one.free(1)).isZero();
        assertThat(one.free(0)).isEqualTo(ALL);
        one.giveBack(1, 200);
        assertThat(other.free(0)).isEqualTo(200);
        assertThat(one.taken(1)).isEqualTo(ALL);
        other.leave();
        assertThat(one.free(1)).isEqualTo(ALL);
        one.leave();
        assertThat(folder).as("who is the last cleans up").isEmptyDirectory();
    }

    @Test
    void whatAKilledDispatcherHadIsFree() throws IOException {
        HostLedger own = join(UUID.randomUUID(), GPU);
        try (HostProcess other = HostProcess.join(folder, UUID.randomUUID(), GPU)) {
            assertThat(other.take(900)).isTrue();
            assertThat(own.take(0, 101)).isFalse();
            other.kill();
            assertThat(own.take(0, ALL)).isTrue();
        }
        own.leave();
    }

    @Test
    void whatAKilledDispatcherHadIsSeenToBeFree() throws IOException {
        HostLedger own = join(UUID.randomUUID(), GPU);
        try (HostProcess other = HostProcess.join(folder, UUID.randomUUID(), GPU)) {
            assertThat(other.take(900)).isTrue();
            assertThat(own.free(0)).isEqualTo(100);
            other.kill();
            await().atMost(Duration.ofSeconds(1)).until(() -> own.free(0) == ALL);
        }
        own.leave();
    }

    @Test
    void whatWorkersOfAKilledDispatcherUseIsNotFreeBeforeTheLastOfThemEnds() throws IOException {
        UUID member = UUID.randomUUID();
        HostLedger own = join(UUID.randomUUID(), GPU);
        try (HostProcess dispatcher = HostProcess.join(folder, member, GPU)) {
            assertThat(dispatcher.take(900)).isTrue();
            try (HostProcess first = HostProcess.hold(folder, member, GPU);
                    HostProcess last = HostProcess.hold(folder, member, GPU)) {
                dispatcher.kill();
                assertThat(own.take(0, 101)).isFalse();
                first.kill();
                assertThat(own.take(0, 101)).isFalse();
                assertThat(own.free(0)).isEqualTo(100);
                last.kill();
                assertThat(own.take(0, ALL)).isTrue();
            }
        }
        own.leave();
    }

    @Test
    void theNextDispatcherHasWhatTheOneBeforeHadUnlessOthersTookIt() throws IOException {
        UUID member = UUID.randomUUID();
        try (HostProcess other = HostProcess.join(folder, UUID.randomUUID(), GPU)) {
            try (HostProcess before = HostProcess.join(folder, member, GPU)) {
                assertThat(before.take(900)).isTrue();
            }
            HostLedger next = join(member, GPU);
            assertThat(next.taken(0)).isEqualTo(900);
            assertThat(other.take(101)).isFalse();
            next.close();
            assertThat(other.take(101)).isTrue();
            HostLedger late = join(member, GPU);
            assertThat(late.taken(0)).isZero();
            assertThat(late.take(0, 900)).isFalse();
            late.leave();
        }
    }

    @Test
    void nobodyCanHoldWhatIsNotThere() throws IOException {
        HostLedger own = join(UUID.randomUUID(), GPU);
        assertThatThrownBy(
                        () -> HostLedger.hold(folder, UUID.randomUUID(), List.of(GPU.id())).close())
                .hasMessageContaining("no account");
        own.leave();
    }

    /// Wherever it is killed, nothing stays behind and the lock is free.
    @Test
    void aProcessKilledWhileItTakesLeavesNothingBehind() throws IOException {
        HostLedger own = join(UUID.randomUUID(), GPU);
        for (int round = 0; round < 3; round++) {
            try (HostProcess other = HostProcess.join(folder, UUID.randomUUID(), GPU)) {
                other.toss();
                await().until(() -> own.free(0) < ALL);
                other.kill();
                assertThat(own.take(0, ALL)).isTrue();
                own.giveBack(0, ALL);
            }
        }
        own.leave();
    }

    @Test
    void slotsOfTheDeadAreUsedAgain() throws IOException {
        HostLedger own = join(UUID.randomUUID(), GPU);
        long size = Files.size(file(GPU));
        for (int i = 0; i < 3; i++) {
            HostLedger user = join(UUID.randomUUID(), GPU);
            assertThat(user.take(0, ALL)).isTrue();
            user.close();
        }
        assertThat(Files.size(file(GPU))).isEqualTo(size + 32);
        own.leave();
    }

    @Test
    void aGpuOfAnotherSizeIsRefusedWhileSomebodyUsesIt() throws IOException {
        HostLedger own = join(UUID.randomUUID(), GPU);
        Gpu larger = new Gpu(GPU.id(), 2 * ALL);
        assertThatThrownBy(() -> join(UUID.randomUUID(), larger).close())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("a GPU of 2000 bytes (expected: 1000");
        own.close();
        HostLedger next = join(UUID.randomUUID(), larger);
        assertThat(next.take(0, 2 * ALL)).isTrue();
        next.leave();
    }

    @Test
    void whatIsNoLedgerIsRefused() throws IOException {
        Files.createDirectories(folder);
        for (int length : new int[] {0, 7, 31, 100}) {
            Files.write(file(GPU), new byte[length]);
            assertThatThrownBy(() -> join(UUID.randomUUID(), GPU).close())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no ledger");
        }
        Files.writeString(file(GPU), "something else that is longer than a head");
        assertThatThrownBy(() -> join(UUID.randomUUID(), GPU).close())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no ledger");
        Files.delete(file(GPU));
        Files.createSymbolicLink(file(GPU), Path.of("/etc/passwd"));
        assertThatThrownBy(() -> join(UUID.randomUUID(), GPU).close())
                .isInstanceOf(IOException.class);
    }

    @Test
    void whoUsesAFileSaysSo() throws IOException {
        HostLedger own = join(UUID.randomUUID(), GPU);
        assertThat(own.take(0, 7)).isTrue();
        Files.setLastModifiedTime(file(GPU), FileTime.fromMillis(0));
        own.refresh();
        assertThat(Files.getLastModifiedTime(file(GPU)).toMillis()).isPositive();
        assertThat(own.taken(0)).isEqualTo(7);
        own.leave();
    }

    /// By another user: nothing is free then, and who has something goes on.
    @Test
    void aFileThatIsCutOffEndsNobody() throws IOException {
        HostLedger own = join(UUID.randomUUID(), GPU);
        assertThat(own.take(0, 7)).isTrue();
        for (int length : new int[] {40, 0}) {
            try (FileChannel file = FileChannel.open(file(GPU), StandardOpenOption.WRITE)) {
                file.truncate(length);
            }
            assertThat(own.take(0, 1)).isFalse();
            assertThat(own.free(0)).isZero();
        }
        own.giveBack(0, 7);
        own.refresh();
        own.leave();
    }

    /// It may be another user's, or in another user's folder.
    @Test
    void whoCannotRemoveTheFileLeavesAllTheSame() throws IOException {
        HostLedger own = join(UUID.randomUUID(), GPU);
        Files.delete(file(GPU));
        Files.createDirectories(file(GPU).resolve("not empty"));
        own.leave();
        assertThat(file(GPU)).isDirectory();
    }

    /// Whose folder it is can replace everything in it at every moment.
    @Test
    void nobodysFilesAreWrittenThroughALinkInTheFolder() throws Exception {
        Files.createDirectories(folder);
        Path others = Files.writeString(folder.resolveSibling("others"), "precious");
        Thread owner =
                Thread.ofPlatform()
                        .start(() -> {
                            while (!Thread.interrupted()) {
                                replaceNewFiles(others);
                            }
                        });
        for (int i = 0; i < 200; i++) {
            try {
                join(UUID.randomUUID(), new Gpu(UUID.randomUUID(), ALL)).leave();
            } catch (IOException refused) {
                assertThat(refused).isNotNull();
            }
        }
        owner.interrupt();
        owner.join();
        assertThat(others).hasContent("precious");
    }

    private void replaceNewFiles(Path by) {
        String[] names = folder.toFile().list((_, name) -> name.endsWith(".new"));
        for (String name : names == null ? new String[0] : names) {
            try {
                Files.delete(folder.resolve(name));
                Files.createSymbolicLink(folder.resolve(name), by);
            } catch (IOException gone) {
                assertThat(gone).isNotNull();
            }
        }
    }
}
