package org.bitfusion.worker.wire;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// What the kernel says of a thread (proc(5), `stat`): Java cannot tell one that waits within a
/// library from one that computes.
final class ThreadState {
    private final @Nullable Path stat;

    private ThreadState(@Nullable Path stat) {
        this.stat = stat;
    }

    /// Of the calling thread.
    static ThreadState ofThisThread() {
        try {
            Path self = Files.readSymbolicLink(Path.of("/proc/thread-self"));
            return new ThreadState(Path.of("/proc").resolve(self).resolve("stat"));
        } catch (IOException e) {
            return new ThreadState(null);
        }
    }

    /// Whether the thread computes, or would if it had a processor. False also when that is not
    /// known.
    boolean isRunnable() {
        try {
            String text = stat == null ? "" : Files.readString(stat, StandardCharsets.ISO_8859_1);
            return text.startsWith("R", text.lastIndexOf(')') + 2);
        } catch (IOException e) {
            return false;
        }
    }
}
