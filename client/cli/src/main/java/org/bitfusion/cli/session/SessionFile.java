package org.bitfusion.cli.session;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.jspecify.annotations.Nullable;

/// The generated adaptor file of a session, `/tmp/bitfusion` and digits, readable by its user only:
/// who reads it joins the session. Beside it, with `.d` at the end, lies the folder of the socket
/// at which the session's programs are watched.
public final class SessionFile implements AutoCloseable {
    private static final int ATTEMPTS = 100;
    private static final long NAMES = 1_000_000_000L;
    private static final String TLS = "tls";

    private static final Set<PosixFilePermission> OWNER_ONLY =
            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
    private static final Set<PosixFilePermission> OWNER_ONLY_FOLDER =
            EnumSet.of(
                    PosixFilePermission.OWNER_READ,
                    PosixFilePermission.OWNER_WRITE,
                    PosixFilePermission.OWNER_EXECUTE);

    private final Path path;

    private SessionFile(Path path) {
        this.path = path;
    }

    /// Creates the file in `folder` with `content`.
    public static SessionFile create(Path folder, String content) {
        long name = System.nanoTime() ^ ProcessHandle.current().pid() << 20;
        try {
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                Path path = folder.resolve("bitfusion" + Math.floorMod(name + attempt, NAMES));
                try (SeekableByteChannel channel =
                        Files.newByteChannel(
                                path,
                                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                                PosixFilePermissions.asFileAttribute(OWNER_ONLY))) {
                    channel.write(ByteBuffer.wrap(content.getBytes(StandardCharsets.UTF_8)));
                    SessionFile file = new SessionFile(path);
                    Files.createDirectory(
                            file.witnessFolder(),
                            PosixFilePermissions.asFileAttribute(OWNER_ONLY_FOLDER));
                    return file;
                } catch (FileAlreadyExistsException _) {
                    // Taken: the next name.
                }
            }
        } catch (IOException exception) {
            throw new Fault(
                    ExitCode.CANNOT_CREATE,
                    "cannot write the session's configuration file into "
                            + folder
                            + " ("
                            + exception.getMessage()
                            + "); make room or rights there, or set TMPDIR");
        }
        throw new Fault(
                ExitCode.CANNOT_CREATE,
                "no free name for a configuration file in "
                        + folder
                        + "; remove old "
                        + folder
                        + "/bitfusion* files");
    }

    public Path path() {
        return path;
    }

    /// Where the witness listens.
    public Path witnessFolder() {
        return path.resolveSibling(path.getFileName() + ".d");
    }

    /// Lets the session's programs speak TLS: names the files there. They are not copied, so that a
    /// command that is killed leaves no private key behind.
    ///
    /// @param authority with the pool's certificate
    /// @param identity with this client's key and certificate
    public void showPool(Path authority, Path identity) {
        Path folder = witnessFolder().resolve(TLS);
        try {
            Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(OWNER_ONLY_FOLDER));
            Files.createSymbolicLink(folder.resolve("ca.crt"), authority.toAbsolutePath());
            Files.createSymbolicLink(folder.resolve("client.pem"), identity.toAbsolutePath());
        } catch (IOException exception) {
            throw new Fault(
                    ExitCode.CANNOT_CREATE,
                    "cannot name the pool's files in "
                            + folder
                            + " ("
                            + exception.getMessage()
                            + "); make room or rights there, or set TMPDIR");
        }
    }

    /// Says that a session for the first program may follow: programs wait for it a moment.
    public void announceSession() {
        try {
            Files.createFile(announcement(), PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        } catch (IOException _) {
            // Then programs ask for their sessions themselves.
        }
    }

    /// Puts the session there; the first program that finds it takes it.
    ///
    /// @param line how to begin it; null: there is none
    public void prepareSession(@Nullable String line) {
        Path fresh = witnessFolder().resolve("fresh");
        try {
            if (line != null && Files.exists(announcement())) {
                Files.createFile(fresh, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
                Files.writeString(fresh, line);
                Files.move(
                        fresh, witnessFolder().resolve("prepared"), StandardCopyOption.ATOMIC_MOVE);
            }
            Files.deleteIfExists(announcement());
        } catch (IOException _) {
            // As above; or the program has ended already.
        }
    }

    private Path announcement() {
        return witnessFolder().resolve("preparing");
    }

    @Override
    public void close() {
        remove();
    }

    /// Removes the file; one that is already gone is fine.
    public void remove() {
        try {
            Files.deleteIfExists(path);
            removeFolder(witnessFolder().resolve(TLS));
            removeFolder(witnessFolder());
        } catch (IOException _) {
            // Its lease ends now, so what it says is worth nothing.
        }
    }

    private static void removeFolder(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> left = Files.newDirectoryStream(folder)) {
                for (Path one : left) {
                    Files.deleteIfExists(one);
                }
            }
            Files.deleteIfExists(folder);
        }
    }
}
