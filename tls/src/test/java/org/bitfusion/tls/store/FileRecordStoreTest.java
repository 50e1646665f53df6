package org.bitfusion.tls.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import java.util.stream.Stream;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileRecordStoreTest extends RecordStoreContract {
    private static final RecordPath PATH = new RecordPath("tokens", "CA7WPsj");

    @TempDir Path folder;

    @Override
    protected RecordStore store() {
        return new FileRecordStore(folder.resolve(UUID.randomUUID().toString()));
    }

    @Test
    void everyFileIsReadableByItsOwnerOnly() throws IOException {
        Path root = folder.resolve("store");
        RecordStore store = new FileRecordStore(root);
        store.create(PATH, new byte[1]);
        store.compareAndSet(PATH, 0, new byte[2]);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root)))
                .isEqualTo("rwx------");
        try (Stream<Path> files = Files.walk(root)) {
            assertThat(
                            files.filter(Files::isRegularFile)
                                    .filter(file -> !file.endsWith(".lock"))
                                    .map(FileRecordStoreTest::mode))
                    .isNotEmpty()
                    .containsOnly("rw-------");
        }
    }

    @Test
    void anotherProcessSeesWhatWasWritten() {
        Path root = folder.resolve("store");
        new FileRecordStore(root).create(PATH, new byte[] {7});
        assertThat(new FileRecordStore(root).read(PATH).orElseThrow().content()).containsExactly(7);
    }

    @Test
    void aRecordThatOthersCanReadIsRefused() throws IOException {
        Path root = folder.resolve("store");
        RecordStore store = new FileRecordStore(root);
        store.create(PATH, new byte[1]);
        Files.setPosixFilePermissions(
                root.resolve("tokens/CA7WPsj"), PosixFilePermissions.fromString("rw-r-----"));
        assertThatThrownBy(() -> store.read(PATH))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("chmod 600")
                .extracting(exception -> ((TlsException) exception).error())
                .isEqualTo(TlsError.FILE_READABLE_BY_OTHERS);
    }

    @Test
    void aFileWithoutAVersionIsDamaged() throws IOException {
        Path root = folder.resolve("store");
        RecordStore store = new FileRecordStore(root);
        store.create(PATH, new byte[1]);
        Files.writeString(root.resolve("tokens/CA7WPsj"), "no number\nx");
        assertThatThrownBy(() -> store.read(PATH))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("line 1");
    }

    @Test
    void halfWrittenFilesAreNotListed() throws IOException {
        Path root = folder.resolve("store");
        RecordStore store = new FileRecordStore(root);
        store.create(PATH, new byte[1]);
        Files.writeString(root.resolve("tokens/.CA7WPsj.left-by-a-power-cut"), "0\n");
        assertThat(store.list("tokens")).containsExactly("CA7WPsj");
    }

    private static String mode(Path file) {
        try {
            return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
        } catch (IOException exception) {
            throw new AssertionError(exception);
        }
    }
}
