package org.bitfusion.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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

    private AccessSecret() {}

    /// Reads the file, or makes it when it is missing.
    ///
    /// @throws IOException naming what is wrong: others can read it, or it holds something else
    static Secret readOrCreate(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        Secret made = Secret.random(new SecureRandom());
        try (SeekableByteChannel channel =
                Files.newByteChannel(
                        file,
                        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(OWNER_ONLY))) {
            channel.write(ByteBuffer.wrap((made.hex() + "\n").getBytes(StandardCharsets.US_ASCII)));
            return made;
        } catch (FileAlreadyExistsException e) {
            return read(file);
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
