package org.bitfusion.gpu.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BiPredicate;
import java.util.stream.Stream;
import org.bitfusion.gpu.GpuDriverProvider;

/// The driver of `src/test/c/strict` in the place of the machine's own, for this JVM: nothing of
/// [CudaLibrary] may have been used before (each test class of this module has a JVM of its own).
final class StrictDriver {
    private static final Path LIBRARY =
            Path.of(System.getProperty("bitfusion.strict", "target/strict/libcuda.so.1"))
                    .toAbsolutePath();
    private static final String DRIVER = CudaLibrary.class.getName();
    private static final Duration MOMENT = Duration.ofMillis(500);
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final MethodHandle RESTART;
    private static final MethodHandle REFUSE_BELOW;
    private static final MethodHandle TAKEN;
    private static final MethodHandle RESERVATIONS;
    private static final MethodHandle READERS;

    static {
        System.setProperty(CudaLibraryLoader.LIBRARY_PROPERTY, LIBRARY.toString());
        SymbolLookup library = SymbolLookup.libraryLookup(LIBRARY, Arena.global());
        RESTART = function(library, "strict_restart", FunctionDescriptor.ofVoid());
        REFUSE_BELOW =
                function(library, "strict_refuse_below", FunctionDescriptor.ofVoid(JAVA_LONG));
        TAKEN = function(library, "strict_taken", FunctionDescriptor.of(JAVA_LONG, JAVA_INT));
        RESERVATIONS = function(library, "strict_reservations", FunctionDescriptor.of(JAVA_LONG));
        READERS = function(library, "strict_readers", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
    }

    private StrictDriver() {}

    private static MethodHandle function(
            SymbolLookup library, String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), descriptor);
    }

    /// A provider over the strict driver as a process finds it that has just started. A driver that
    /// was closed before goes on with what its contexts still had, at the addresses of the next
    /// one: a thread of it that enters the driver for the first time later would be taken for the
    /// next one's, so all that are on their way there are waited for.
    static GpuDriverProvider fresh() {
        try {
            endOfTheOneBefore();
            RESTART.invokeExact();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        return new CudaGpuDriverProvider();
    }

    /// No context of it is being closed, but those that an error has ended, which never are: for
    /// these a moment is waited. Its other threads have ended, sleep, or wait in the driver, which
    /// lets none of them out any more.
    private static void endOfTheOneBefore() throws InterruptedException {
        long moment = System.nanoTime() + MOMENT.toNanos();
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (isAny(StrictDriver::isUnderWay)
                || (isAny(StrictDriver::isClosing) && System.nanoTime() < moment)) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("the driver before goes on");
            }
            Thread.sleep(1);
        }
    }

    private static boolean isAny(BiPredicate<Thread, StackTraceElement[]> what) {
        return Thread.getAllStackTraces().entrySet().stream()
                .anyMatch(thread -> what.test(thread.getKey(), thread.getValue()));
    }

    private static boolean isClosing(Thread thread, StackTraceElement[] stack) {
        return thread.getName().equals("cuda-closing");
    }

    private static boolean isUnderWay(Thread thread, StackTraceElement[] stack) {
        return thread.getName().startsWith("cuda-")
                && thread.getState() == Thread.State.RUNNABLE
                && Stream.of(stack).noneMatch(frame -> frame.getClassName().equals(DRIVER));
    }

    /// Hints for addresses below this one are refused from now on, until the next start.
    static void refuseHintsBelow(long address) {
        try {
            REFUSE_BELOW.invokeExact(address);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// Bytes of a device that are in use.
    static long taken(int device) {
        try {
            return (long) TAKEN.invokeExact(device);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// Ranges of addresses that are reserved.
    static long reservations() {
        try {
            return (long) RESERVATIONS.invokeExact();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// Bit d: device d may use the memory at this address.
    static long readers(long address) {
        try {
            return (long) READERS.invokeExact(address);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
