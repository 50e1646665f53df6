package org.bitfusion.cli.command;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/// The file of a lease that outlives its command, and what lies beside it: the certificates that
/// its programs show.
///
/// @param before what the file was: somebody's list of dispatchers
record LeaseFiles(Path file, Optional<String> before) {
    static LeaseFiles of(Path file) {
        try {
            return new LeaseFiles(
                    file,
                    Files.exists(file) ? Optional.of(Files.readString(file)) : Optional.empty());
        } catch (IOException _) {
            return new LeaseFiles(file, Optional.empty()); // who writes it says what is wrong
        }
    }

    /// @throws UncheckedIOException as [IOException]
    static void remove(Path file) throws IOException {
        Path folder = file.resolveSibling(file.getFileName() + ".d");
        Files.deleteIfExists(file);
        if (Files.isDirectory(folder)) {
            try (Stream<Path> all = Files.walk(folder)) {
                for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(path);
                }
            }
        }
    }

    /// There is no lease: as before, as well as it can be done.
    void discard() {
        try {
            remove(file);
            if (before.isPresent()) {
                Files.writeString(file, before.get());
            }
        } catch (IOException | UncheckedIOException _) {
            // Who finds them is told what to do.
        }
    }
}
