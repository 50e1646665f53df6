package org.bitfusion.server;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Optional;

/// What has to hold so that workers can run as other users of the operating system.
final class OtherUsers {
    private static final int ROOT = 0;

    private OtherUsers() {}

    /// Why workers cannot run as other users; empty: they can.
    static Optional<String> obstacle(Path runFolder) throws IOException {
        if (!Integer.valueOf(ROOT).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
            return Optional.of("only root may start them");
        }
        for (String entry :
                List.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))) {
            Optional<Path> closed = closed(Path.of(entry));
            if (closed.isPresent()) {
                return Optional.of("others may not enter " + closed.get());
            }
        }
        return closed(runFolder).map(folder -> "others may not enter " + folder);
    }

    /// The first folder above it that others may not pass through.
    private static Optional<Path> closed(Path path) throws IOException {
        for (Path folder = path.toAbsolutePath().getParent();
                folder != null;
                folder = folder.getParent()) {
            if (Files.exists(folder)
                    && !Files.getPosixFilePermissions(folder)
                            .contains(PosixFilePermission.OTHERS_EXECUTE)) {
                return Optional.of(folder);
            }
        }
        return Optional.empty();
    }
}
