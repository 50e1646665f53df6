package org.bitfusion.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccessSecretTest {
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
