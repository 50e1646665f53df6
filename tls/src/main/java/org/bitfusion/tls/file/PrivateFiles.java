package org.bitfusion.tls.file;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.UUID;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;

/// Reads and writes whole files so that a reader sees the old or the new content and a power cut
/// leaves one of them; files with secrets have mode 0600. Thread-safe.
public final class PrivateFiles {
    private static final Set<PosixFilePermission> OWNER =
            PosixFilePermissions.fromString("rw-------");
    private static final Set<PosixFilePermission> EVERYBODY =
            PosixFilePermissions.fromString("rw-r--r--");
    private static final Set<PosixFilePermission> OTHERS =
            PosixFilePermissions.fromString("---rwxrwx");

    private PrivateFiles() {}

    /// Writes a file that only its owner can read, whatever the file had been.
    public static void writePrivate(Path path, byte[] content) {
        replace(path, content, OWNER);
    }

    /// Writes a file that everybody may read.
    public static void writePublic(Path path, byte[] content) {
        replace(path, content, EVERYBODY);
    }

    /// Writes a private file that must not have been there.
    ///
    /// @throws TlsException FILE_EXISTS
    public static void createPrivate(Path path, byte[] content) {
        Path temporary = temporary(path, content, OWNER);
        try {
            // A link, other than a rename, fails where the name is taken.
            Files.createLink(path, temporary);
            Files.delete(temporary);
            synchronize(folderOf(path));
        } catch (FileAlreadyExistsException exception) {
            remove(temporary);
            throw new TlsException(
                    TlsError.FILE_EXISTS,
                    path + " exists already; move it away first if it is not needed",
                    exception);
        } catch (IOException exception) {
            remove(temporary);
            throw unwritable(path, exception);
        }
    }

    /// @param limit more bytes than that are refused
    /// @throws TlsException FILE_READABLE_BY_OTHERS, FILE_UNREADABLE
    public static byte[] readPrivate(Path path, int limit) {
        try {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path);
            if (permissions.stream().anyMatch(OTHERS::contains)) {
                throw new TlsException(
                        TlsError.FILE_READABLE_BY_OTHERS,
                        path
                                + " holds a secret and has mode "
                                + PosixFilePermissions.toString(permissions)
                                + " (expected: rw-------); run: chmod 600 "
                                + path);
            }
        } catch (IOException exception) {
            throw unreadable(path, exception);
        }
        return read(path, limit);
    }

    /// @throws TlsException FILE_UNREADABLE
    public static byte[] read(Path path, int limit) {
        try (InputStream in = Files.newInputStream(path)) {
            byte[] content = in.readNBytes(limit + 1);
            if (content.length > limit) {
                throw new TlsException(
                        TlsError.FILE_UNREADABLE,
                        path + " is too long (expected: at most " + limit + " bytes)");
            }
            return content;
        } catch (IOException exception) {
            throw unreadable(path, exception);
        }
    }

    private static void replace(Path path, byte[] content, Set<PosixFilePermission> mode) {
        Path temporary = temporary(path, content, mode);
        try {
            Files.move(
                    temporary,
                    path,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            synchronize(folderOf(path));
        } catch (AtomicMoveNotSupportedException exception) {
            remove(temporary);
            throw unwritable(path, exception);
        } catch (IOException exception) {
            remove(temporary);
            throw unwritable(path, exception);
        }
    }

    private static Path temporary(Path path, byte[] content, Set<PosixFilePermission> mode) {
        Path folder = folderOf(path);
        Path temporary = folder.resolve("." + path.getFileName() + "." + UUID.randomUUID());
        try {
            Files.createDirectories(folder);
            // Made with 0600 even where it becomes public: the umask may only take away.
            Files.createFile(temporary, PosixFilePermissions.asFileAttribute(OWNER));
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                ByteBuffer rest = ByteBuffer.wrap(content);
                while (rest.hasRemaining()) {
                    channel.write(rest);
                }
                Files.setPosixFilePermissions(temporary, mode);
                channel.force(true);
            }
            return temporary;
        } catch (IOException exception) {
            remove(temporary);
            throw unwritable(path, exception);
        }
    }

    private static Path folderOf(Path path) {
        Path parent = path.toAbsolutePath().getParent();
        if (parent == null) {
            throw new IllegalArgumentException("path: " + path + " (expected: a file)");
        }
        return parent;
    }

    /// A rename is on the disk once its folder is.
    private static void synchronize(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static void remove(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException _) {
            // It has a name that nobody else uses, and mode 0600.
        }
    }

    private static TlsException unreadable(Path path, IOException exception) {
        String reason =
                exception instanceof NoSuchFileException ? "does not exist" : exception.toString();
        return new TlsException(TlsError.FILE_UNREADABLE, path + ": " + reason, exception);
    }

    private static TlsException unwritable(Path path, IOException exception) {
        return new TlsException(
                TlsError.STORE_FAILED, path + " cannot be written: " + exception, exception);
    }
}
