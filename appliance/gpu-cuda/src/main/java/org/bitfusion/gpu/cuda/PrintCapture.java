package org.bitfusion.gpu.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Catches what kernels print: the real driver writes it to descriptor 1 of its process at
/// synchronising calls. Descriptor 1 becomes a file without a name, and `System.out` goes on to
/// where it went before.
final class PrintCapture {
    private static @Nullable PrintCapture installed;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle DUP = find("dup", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle DUP2 =
            find("dup2", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle MEMFD =
            find("memfd_create", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle READ =
            find(
                    "pread",
                    FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle SEEK =
            find("lseek", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle FLUSH =
            find("fflush", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    private static final int SEEK_CURRENT = 1;

    private final int file;
    private long taken;

    private PrintCapture(int file) {
        this.file = file;
    }

    /// The one of this process.
    @SuppressWarnings("resource") // System.out stays open as long as the process
    static synchronized PrintCapture install() {
        PrintCapture present = installed;
        if (present != null) {
            return present;
        }
        try (Arena arena = Arena.ofConfined()) {
            System.out.flush();
            int before = (int) DUP.invokeExact(1);
            int file = (int) MEMFD.invokeExact(arena.allocateFrom("kernel-output"), 0);
            if (before < 0 || file < 0 || (int) DUP2.invokeExact(file, 1) < 0) {
                throw new IllegalStateException(
                        "descriptor 1 cannot be replaced (expected: free descriptors)");
            }
            System.setOut(
                    new PrintStream(
                            new FileOutputStream("/proc/self/fd/" + before, true),
                            true,
                            StandardCharsets.UTF_8));
            PrintCapture capture = new PrintCapture(file);
            installed = capture;
            return capture;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("dup", e);
        }
    }

    /// What has been printed since the last call.
    synchronized byte[] take() {
        try (Arena arena = Arena.ofConfined()) {
            int ignored = (int) FLUSH.invokeExact(MemorySegment.NULL);
            long end = (long) SEEK.invokeExact(file, 0L, SEEK_CURRENT);
            if (end <= taken) {
                return new byte[0];
            }
            MemorySegment text = arena.allocate(end - taken);
            long count = (long) READ.invokeExact(file, text, end - taken, taken);
            taken += Math.max(0, count);
            return text.asSlice(0, Math.max(0, count))
                    .toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        } catch (Throwable e) {
            throw new IllegalStateException("kernel output", e);
        }
    }

    private static MethodHandle find(String name, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor);
    }
}
