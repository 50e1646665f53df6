package org.bitfusion.tls.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.file.PrivateFiles;
import org.jspecify.annotations.Nullable;

/// Records as files of mode 0600 in a folder of mode 0700, which processes may share: the first
/// line of a file is the version, the rest the content. A change is a rename of a file that is on
/// the disk already, so a power cut leaves the old or the new record. Changes are made under a lock
/// of the file `.lock`; reading needs none.
public final class FileRecordStore implements RecordStore {
    private static final int HEAD_LIMIT = 21;

    /// A process has a file's lock once; two stores of one process must not ask for it at once.
    private static final ReentrantLock IN_PROCESS = new ReentrantLock();

    private final Path root;

    /// Makes the folder if it is not there.
    public FileRecordStore(Path root) {
        this.root = root;
        try {
            Files.createDirectories(
                    root,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        } catch (IOException exception) {
            throw failed(exception);
        }
    }

    @Override
    public Optional<StoredRecord> read(RecordPath path) {
        return Optional.ofNullable(present(path));
    }

    @Override
    public boolean create(RecordPath path, byte[] content) {
        RecordStore.requireLength(content);
        return locked(() -> {
            if (present(path) != null) {
                return false;
            }
            write(path, 0, content);
            return true;
        });
    }

    @Override
    public boolean compareAndSet(RecordPath path, long version, byte[] content) {
        RecordStore.requireLength(content);
        return locked(() -> {
            StoredRecord present = present(path);
            if (present == null || present.version() != version) {
                return false;
            }
            write(path, version + 1, content);
            return true;
        });
    }

    @Override
    public boolean delete(RecordPath path, long version) {
        return locked(() -> {
            StoredRecord present = present(path);
            if (present == null || present.version() != version) {
                return false;
            }
            remove(path);
            return true;
        });
    }

    @Override
    public List<String> list(String folder) {
        RecordPath.requirePart("folder", folder);
        Path directory = root.resolve(folder);
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            // What is just being written begins with a dot.
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> !name.startsWith("."))
                    .sorted()
                    .toList();
        } catch (IOException exception) {
            throw failed(exception);
        }
    }

    private Path file(RecordPath path) {
        return root.resolve(path.folder()).resolve(path.name());
    }

    private @Nullable StoredRecord present(RecordPath path) {
        Path file = file(path);
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return null;
        }
        byte[] bytes;
        try {
            bytes = PrivateFiles.readPrivate(file, MOST_BYTES + HEAD_LIMIT);
        } catch (TlsException exception) {
            if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                return null; // deleted meanwhile
            }
            throw exception;
        }
        int end = 0;
        while (end < bytes.length && bytes[end] != '\n') {
            end++;
        }
        String head = new String(bytes, 0, end, StandardCharsets.ISO_8859_1);
        if (end == bytes.length || !head.matches("[0-9]{1,18}")) {
            throw new TlsException(
                    TlsError.RECORD_DAMAGED,
                    file + ", line 1: " + head.length() + " characters (expected: a version)");
        }
        return new StoredRecord(
                Arrays.copyOfRange(bytes, end + 1, bytes.length), Long.parseLong(head));
    }

    private void write(RecordPath path, long version, byte[] content) {
        byte[] head = (version + "\n").getBytes(StandardCharsets.US_ASCII);
        byte[] bytes = Arrays.copyOf(head, head.length + content.length);
        System.arraycopy(content, 0, bytes, head.length, content.length);
        PrivateFiles.writePrivate(file(path), bytes);
    }

    private void remove(RecordPath path) {
        try {
            Files.delete(file(path));
            try (FileChannel folder =
                    FileChannel.open(root.resolve(path.folder()), StandardOpenOption.READ)) {
                folder.force(true);
            }
        } catch (IOException exception) {
            throw failed(exception);
        }
    }

    /// One at a time in this process, and among the processes.
    private boolean locked(Supplier<Boolean> change) {
        IN_PROCESS.lock();
        try (FileChannel channel =
                        FileChannel.open(
                                root.resolve(".lock"),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            if (!lock.isValid()) {
                throw new IOException("the lock was lost");
            }
            return change.get();
        } catch (IOException exception) {
            throw failed(exception);
        } finally {
            IN_PROCESS.unlock();
        }
    }

    private TlsException failed(IOException exception) {
        return new TlsException(
                TlsError.STORE_FAILED, "the store " + root + " failed: " + exception, exception);
    }
}
