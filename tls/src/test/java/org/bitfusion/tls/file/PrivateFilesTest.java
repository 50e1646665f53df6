package org.bitfusion.tls.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrivateFilesTest {
    @TempDir Path folder;

    @Test
    void aPrivateFileHasMode0600WhateverItHadBefore() throws IOException {
        Path file = folder.resolve("key");
        Files.writeString(file, "old");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
        PrivateFiles.writePrivate(file, new byte[] {1});
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(PrivateFiles.readPrivate(file, 10)).containsExactly(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----", "rw-----w-", "rw---x---"})
    void aSecretThatOthersMayTouchIsRefused(String mode) throws IOException {
        Path file = folder.resolve("key");
        PrivateFiles.writePrivate(file, new byte[] {1});
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
        assertThatThrownBy(() -> PrivateFiles.readPrivate(file, 10))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining(mode)
                .hasMessageContaining("chmod 600 " + file);
    }

    @Test
    void aFileIsNotCreatedTwice() {
        Path file = folder.resolve("key");
        PrivateFiles.createPrivate(file, new byte[] {1});
        assertThatThrownBy(() -> PrivateFiles.createPrivate(file, new byte[] {2}))
                .isInstanceOf(TlsException.class)
                .extracting(exception -> ((TlsException) exception).error())
                .isEqualTo(TlsError.FILE_EXISTS);
        assertThat(PrivateFiles.readPrivate(file, 10)).containsExactly(1);
        assertThat(folder.toFile().list()).containsExactly("key");
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> PrivateFiles.read(folder.resolve("ca.crt"), 10))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("ca.crt: does not exist");
    }

    @Test
    void aFileThatIsTooLongIsNotReadToItsEnd() {
        assertThatThrownBy(() -> PrivateFiles.read(Path.of("/dev/zero"), 1000))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("at most 1000 bytes");
    }
}
