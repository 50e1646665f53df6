package org.bitfusion.server;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.EnumSet;
import java.util.Set;
import org.bitfusion.protocol.Secret;

/// The file that proves that a client is the appliance's own user: 32 hexadecimal digits that only
/// he can read.
final class AccessSecret {
    private static final Set<PosixFilePermission> OWNER_ONLY =
            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private static final Set<PosixFilePermission> OWNERS_FOLDER =
            PosixFilePermissions.fromString("rwx------");

    private AccessSecret() {}

    /// Reads the file, or makes it when it is missing.
    ///
    /// @throws IOException naming what is wrong: others can read it, or it holds something else
    static Secret readOrCreate(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null) {
            throw new IOException(file + " is no file");
        }
        Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(OWNERS_FOLDER));
        return Files.exists(file) ? read(file) : create(file, folder);
    }

    /// Written aside and put in place at once, so that nobody ever reads half of it.
    private static Secret create(Path file, Path folder) throws IOException {
        Secret made = Secret.random(new SecureRandom());
        Path aside =
                Files.createTempFile(
                        folder, "access", ".new", PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        try {
            Files.writeString(aside, made.hex() + "\n");
            putInPlace(aside, file);
            return made;
        } catch (FileAlreadyExistsException e) {
            return read(file); // another appliance was faster
        } finally {
            Files.deleteIfExists(aside);
        }
    }

    private static void putInPlace(Path aside, Path file) throws IOException {
        try {
            Files.createLink(file, aside);
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (FileSystemException | UnsupportedOperationException e) {
            Files.move(aside, file); // a file system without hard links
        }
    }

    private static Secret read(Path file) throws IOException {
        if (!OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file))) {
            throw new IOException(
                    file + " can be read by others; make it private with chmod 600, or remove it");
        }
        try {
            return Secret.parse(Files.readString(file).strip());
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    file + " does not hold 32 hexadecimal digits; remove it to get a new one", e);
        }
    }
}
