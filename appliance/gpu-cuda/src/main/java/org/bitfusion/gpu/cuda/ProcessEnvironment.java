package org.bitfusion.gpu.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/// This process's environment as the driver reads it, which Java cannot change.
final class ProcessEnvironment {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle SETENV =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("setenv"),
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));

    private ProcessEnvironment() {}

    /// Call it before other threads may read the environment.
    static void setUnlessSet(String name, String value) {
        try (Arena arena = Arena.ofConfined()) {
            int ignored =
                    (int)
                            SETENV.invokeExact(
                                    arena.allocateFrom(name), arena.allocateFrom(value), 0);
        } catch (Throwable e) {
            throw new IllegalStateException("setenv", e);
        }
    }
}
