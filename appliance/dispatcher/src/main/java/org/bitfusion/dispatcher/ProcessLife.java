package org.bitfusion.dispatcher;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// A process of this machine that need not be a child, told from a later one with the same number
/// by when it was started (proc(5), `/proc/PID/stat`).
///
/// @param start in the system's ticks since it was started itself
record ProcessLife(long pid, long start) {
    private static final int STATE = 0;
    private static final int START = 19; // the 22nd field; the state is the third

    /// The process that has the number now; started at 0: there is none.
    static ProcessLife of(long pid) {
        String[] fields = fields(pid);
        return new ProcessLife(pid, isAlive(fields) ? Long.parseLong(fields[START]) : 0);
    }

    /// Whether it is there, and not only as a record for its parent.
    boolean isAlive() {
        String[] fields = fields(pid);
        return isAlive(fields) && Long.parseLong(fields[START]) == start;
    }

    void kill() {
        if (isAlive()) {
            ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
    }

    private static boolean isAlive(String[] fields) {
        return fields.length > START && !fields[STATE].equals("Z") && !fields[STATE].equals("X");
    }

    /// From the state on; none if there is no such process.
    private static String[] fields(long pid) {
        try {
            String text =
                    new String(
                            Files.readAllBytes(Path.of("/proc", Long.toString(pid), "stat")),
                            StandardCharsets.ISO_8859_1);
            return text.substring(text.lastIndexOf(')') + 1).strip().split(" ", -1);
        } catch (IOException e) {
            return new String[0];
        }
    }
}
