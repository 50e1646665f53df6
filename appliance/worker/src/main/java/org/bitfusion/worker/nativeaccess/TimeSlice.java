package org.bitfusion.worker.nativeaccess;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Map;

/// The calling thread's time slice.
///
/// A thread that wakes up has to wait until the running one has used up its slice (about 3 ms with
/// two processors), unless its own is shorter (Linux 6.12 and later, sched(7): `sched_runtime` of
/// `sched_setattr` for ordinary threads). Worker threads of the JIT compiler and of kernels use up
/// theirs; what they do is not urgent.
public final class TimeSlice {
    private static final int SIZE = 48; // struct sched_attr, first version
    private static final int SIZE_AT = 0;
    private static final int FLAGS_AT = 8;
    private static final int RUNTIME_AT = 24;
    private static final long RESET_ON_FORK = 1; // threads started by this one have usual slices

    /// System call numbers of sched_setattr; sched_getattr is the next one.
    private static final Map<String, Long> SET_ATTRIBUTES = Map.of("amd64", 314L, "aarch64", 274L);

    private TimeSlice() {}

    /// Asks for a shorter slice; other properties stay.
    ///
    /// @param nanoseconds at least 100,000
    /// @return false where the system does not know it; nothing has changed then
    public static boolean shorten(long nanoseconds) {
        Long set = SET_ATTRIBUTES.get(System.getProperty("os.arch"));
        if (set == null) {
            return false;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(SIZE, 8);
            if (call(set + 1, attributes, SIZE, 0) != 0) {
                return false;
            }
            attributes.set(ValueLayout.JAVA_INT, SIZE_AT, SIZE);
            attributes.set(
                    ValueLayout.JAVA_LONG,
                    FLAGS_AT,
                    attributes.get(ValueLayout.JAVA_LONG, FLAGS_AT) | RESET_ON_FORK);
            attributes.set(ValueLayout.JAVA_LONG, RUNTIME_AT, nanoseconds);
            return call(set, attributes, 0, 0) == 0;
        }
    }

    /// Links what [#shorten] calls, which takes milliseconds the first time.
    public static void prepare() {
        current();
    }

    /// The calling thread's slice in nanoseconds; 0 where the system does not tell.
    static long current() {
        Long set = SET_ATTRIBUTES.get(System.getProperty("os.arch"));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(SIZE, 8);
            return set != null && call(set + 1, attributes, SIZE, 0) == 0
                    ? attributes.get(ValueLayout.JAVA_LONG, RUNTIME_AT)
                    : 0;
        }
    }

    private static long call(long number, MemorySegment attributes, long third, long fourth) {
        try {
            return (long) Calls.SYSCALL.invokeExact(number, 0L, attributes, third, fourth);
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// Linked with the first use.
    private static final class Calls {
        static final MethodHandle SYSCALL =
                Linker.nativeLinker()
                        .downcallHandle(
                                Linker.nativeLinker().defaultLookup().findOrThrow("syscall"),
                                FunctionDescriptor.of(
                                        ValueLayout.JAVA_LONG,
                                        ValueLayout.JAVA_LONG,
                                        ValueLayout.JAVA_LONG,
                                        ValueLayout.ADDRESS,
                                        ValueLayout.JAVA_LONG,
                                        ValueLayout.JAVA_LONG),
                                Linker.Option.firstVariadicArg(1));
    }
}
