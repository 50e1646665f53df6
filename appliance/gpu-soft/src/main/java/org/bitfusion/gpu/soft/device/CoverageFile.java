package org.bitfusion.gpu.soft.device;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.bitfusion.gpu.soft.execution.LaunchContext;

/// Appends each instruction form to a file when it is first executed.
final class CoverageFile implements LaunchContext.CoverageRecorder {
    private final Path file;
    private final Set<String> seen = ConcurrentHashMap.newKeySet();

    CoverageFile(String file) {
        this.file = Path.of(file);
    }

    @Override
    public void executed(String form) {
        if (seen.add(form)) {
            try {
                Files.writeString(
                        file, form + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            } catch (IOException problem) {
                throw new UncheckedIOException(problem);
            }
        }
    }
}
