package org.bitfusion.worker.nativeaccess;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Map;

/// The user of the operating system as whom this process runs.
///
/// The C library's functions change all threads of the process at once (nptl(7), "NPTL makes the
/// threads in a process share credentials"), which the system calls alone do not.
public final class OsUser {
    private static final int CORE = 4; // getrlimit(2), RLIMIT_CORE
    private static final int PROCESSES = 6;
    private static final int FILES = 7;

    /// Threads of all workers of the user count.
    private static final Map<Integer, Long> LIMITS =
            Map.of(CORE, 0L, PROCESSES, 16384L, FILES, 4096L);

    private OsUser() {}

    /// Becomes another user for good, in a group of the same number and in no other, with limits:
    /// no core file, 16,384 threads in all of the user's processes, 4,096 open files. Only root
    /// can.
    ///
    /// @throws IOException if the system does not allow it; the process must not go on then
    public static void become(int user) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment limit = arena.allocate(16, 8);
            for (Map.Entry<Integer, Long> entry : LIMITS.entrySet()) {
                limit.set(ValueLayout.JAVA_LONG, 0, entry.getValue());
                limit.set(ValueLayout.JAVA_LONG, 8, entry.getValue());
                check(
                        "setrlimit",
                        (int)
                                find("setrlimit", ValueLayout.JAVA_INT, ValueLayout.ADDRESS)
                                        .invokeExact((int) entry.getKey(), limit));
            }
            check(
                    "setgroups",
                    (int)
                            find("setgroups", ValueLayout.JAVA_LONG, ValueLayout.ADDRESS)
                                    .invokeExact(0L, MemorySegment.NULL));
            MethodHandle group =
                    find(
                            "setresgid",
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT);
            check("setresgid", (int) group.invokeExact(user, user, user));
            MethodHandle self =
                    find(
                            "setresuid",
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT);
            check("setresuid", (int) self.invokeExact(user, user, user));
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static MethodHandle find(String name, java.lang.foreign.MemoryLayout... parameters) {
        return Linker.nativeLinker()
                .downcallHandle(
                        Linker.nativeLinker().defaultLookup().findOrThrow(name),
                        FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
    }

    private static void check(String call, int result) throws IOException {
        if (result != 0) {
            throw new IOException(call + " is not allowed");
        }
    }
}
