package org.bitfusion.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.List;
import java.util.UUID;
import org.bitfusion.protocol.Secret;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
    @TempDir private Path base;

    private Path path() {
        return base.resolve("a/run");
    }

    @Test
    void whatIsKeptComesBackAsItWas() throws IOException {
        RunFolder.LeaseRecord held =
                new RunFolder.LeaseRecord(
                        UUID.randomUUID(),
                        Secret.random(new SecureRandom()),
                        false,
                        "a client \n %",
                        List.of(
                                new RunFolder.LeasedPart(new UUID(1, 2), 1L << 40),
                                new RunFolder.LeasedPart(new UUID(3, 4), 1)));
        RunFolder.LeaseRecord ended =
                new RunFolder.LeaseRecord(UUID.randomUUID(), Secret.NONE, true, "", List.of());
        RunFolder.SessionRecord session =
                new RunFolder.SessionRecord(
                        UUID.randomUUID(),
                        held.id(),
                        UUID.randomUUID(),
                        new ProcessLife(77, 88),
                        new ClientProgram(5, "a program \n %"));
        try (RunFolder folder = RunFolder.open(path())) {
            folder.write(held);
            folder.write(ended);
            folder.write(session);
            folder.writeDevices("x");
        }
        try (RunFolder next = RunFolder.open(path())) {
            assertThat(next.leases()).containsExactlyInAnyOrder(held, ended);
            assertThat(next.sessions()).containsExactly(session);
            assertThat(next.devices()).hasValueSatisfying(text -> assertThat(text).startsWith("x"));
            next.removeLease(ended.id());
            next.removeSession(session.id());
            next.removeSession(session.id());
            assertThat(next.leases()).containsExactly(held);
            assertThat(next.sessions()).isEmpty();
        }
    }

    @Test
    void onlyItsOwnerLooksIntoIt() throws IOException {
        Files.createDirectories(path());
        Files.setPosixFilePermissions(path(), PosixFilePermissions.fromString("rwxrwxrwx"));
        try (RunFolder folder = RunFolder.open(path())) {
            folder.write(
                    new RunFolder.LeaseRecord(
                            UUID.randomUUID(), Secret.NONE, false, "c", List.of()));
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path())))
                    .isEqualTo("rwx------");
            try (var files = Files.list(path())) {
                assertThat(files)
                        .isNotEmpty()
                        .allSatisfy(file ->
                                assertThat(
                                                PosixFilePermissions.toString(
                                                        Files.getPosixFilePermissions(file)))
                                        .isEqualTo("rw-------"));
            }
        }
    }

    @Test
    void oneDispatcherAtATimeUsesIt() throws IOException {
        try (RunFolder _ = RunFolder.open(path())) {
            assertThatThrownBy(() -> RunFolder.open(path())).hasMessageContaining("another");
        }
        RunFolder.open(path()).close(true);
        assertThat(path()).doesNotExist();
    }

    @Test
    void aFolderWhoseSocketCannotBeNamedIsRefused() {
        Path deep = base.resolve("d".repeat(100));
        assertThatThrownBy(() -> RunFolder.open(deep)).hasMessageContaining("BF_RUN_FOLDER");
    }

    @Test
    void aProcessIsToldFromALaterOneWithItsNumber() throws Exception {
        Process child = new ProcessBuilder("sleep", "60").start();
        ProcessLife life = ProcessLife.of(child.pid());
        assertThat(life.isAlive()).isTrue();
        ProcessLife other = new ProcessLife(child.pid(), life.start() + 1);
        assertThat(other.isAlive()).isFalse();
        other.kill();
        assertThat(life.isAlive()).isTrue();
        life.kill();
        child.waitFor();
        assertThat(life.isAlive()).isFalse();
    }

    /// A power cut may leave it.
    @Test
    void aSessionThatMakesNoSenseHidesNoOther() throws IOException {
        RunFolder.SessionRecord good =
                new RunFolder.SessionRecord(
                        UUID.randomUUID(),
                        UUID.randomUUID(),
                        UUID.randomUUID(),
                        new ProcessLife(77, 88),
                        ClientProgram.UNKNOWN);
        try (RunFolder folder = RunFolder.open(path())) {
            folder.write(good);
            Files.createFile(path().resolve("session-" + UUID.randomUUID()));
            Files.createFile(path().resolve("session-x"));
            assertThat(folder.sessions()).containsExactly(good);
            assertThat(folder.sessions()).containsExactly(good);
        }
    }

    @Test
    void aFolderWithALeaseOrASessionIsOfUseToTheNextDispatcher() throws IOException {
        try (RunFolder folder = RunFolder.open(path())) {
            folder.writeDevices("x");
            assertThat(folder.isUnused()).isTrue();
            RunFolder.SessionRecord session =
                    new RunFolder.SessionRecord(
                            UUID.randomUUID(),
                            UUID.randomUUID(),
                            UUID.randomUUID(),
                            new ProcessLife(77, 88),
                            ClientProgram.UNKNOWN);
            folder.write(session);
            assertThat(folder.isUnused()).isFalse();
            folder.removeSession(session.id());
            folder.write(
                    new RunFolder.LeaseRecord(
                            UUID.randomUUID(), Secret.NONE, false, "client", List.of()));
            assertThat(folder.isUnused()).isFalse();
        }
    }
}
