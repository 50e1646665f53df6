package org.bitfusion.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bitfusion.protocol.Secret;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccessSecretTest {
    private static final int APPLIANCES = 4;

    @TempDir private Path folder = Path.of("");

    @Test
    void aMissingSecretIsMadeForTheOwnerAloneAndStays() throws IOException {
        Path file = folder.resolve("new/access.secret");
        var made = AccessSecret.readOrCreate(file);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(Files.readString(file).strip()).hasSize(32).isEqualTo(made.hex());
        assertThat(AccessSecret.readOrCreate(file)).isEqualTo(made);
    }

    @Test
    void theFolderThatIsMadeForItIsTheOwnersAlone() throws IOException {
        Path made = folder.resolve("home/.bitfusion");
        AccessSecret.readOrCreate(made.resolve("access.secret"));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made)))
                .isEqualTo("rwx------");
        assertThat(made.toFile().list()).hasSize(1);
    }

    @Test
    void appliancesThatStartTogetherShareOneSecret() throws Exception {
        for (int round = 0; round < 100; round++) {
            Path file = folder.resolve(round + "/access.secret");
            CyclicBarrier start = new CyclicBarrier(APPLIANCES);
            List<Future<Secret>> secrets = new ArrayList<>();
            try (ExecutorService threads = Executors.newFixedThreadPool(APPLIANCES)) {
                for (int i = 0; i < APPLIANCES; i++) {
                    secrets.add(
                            threads.submit(() -> {
                                start.await();
                                return AccessSecret.readOrCreate(file);
                            }));
                }
            }
            Secret first = secrets.getFirst().get();
            for (Future<Secret> secret : secrets) {
                assertThat(secret.get()).isEqualTo(first);
            }
        }
    }

    @Test
    void aSecretThatOthersCanReadIsRefused() throws IOException {
        Path file = folder.resolve("access.secret");
        AccessSecret.readOrCreate(file);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        assertThatThrownBy(() -> AccessSecret.readOrCreate(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("chmod 600");
    }

    @Test
    void aFileThatHoldsSomethingElseIsNamed() throws IOException {
        Path file = folder.resolve("access.secret");
        AccessSecret.readOrCreate(file);
        Files.writeString(file, "not a secret");
        assertThatThrownBy(() -> AccessSecret.readOrCreate(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file.toString());
    }
}
