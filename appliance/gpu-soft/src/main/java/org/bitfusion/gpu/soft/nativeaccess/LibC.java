package org.bitfusion.gpu.soft.nativeaccess;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// The four functions of the C library that address space needs (x86-64 Linux).
final class LibC {
    static final int MAP_SHARED = 0x01;
    static final int MAP_PRIVATE = 0x02;
    static final int MAP_FIXED = 0x10;
    static final int MAP_ANONYMOUS = 0x20;
    static final int MAP_NORESERVE = 0x4000;

    private static final int PROT_READ_WRITE = 0x3;
    private static final int MFD_CLOEXEC = 0x1;
    private static final long MAP_FAILED = -1;

    private static final MethodHandle MEMFD_CREATE =
            function(
                    "memfd_create",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    private static final MethodHandle MMAP =
            function(
                    "mmap",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_LONG));
    private static final MethodHandle MUNMAP =
            function(
                    "munmap",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle CLOSE =
            function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    private LibC() {}

    private static MethodHandle function(String name, FunctionDescriptor descriptor) {
        MemorySegment address = Linker.nativeLinker().defaultLookup().findOrThrow(name);
        return Linker.nativeLinker().downcallHandle(address, descriptor);
    }

    /// A file without bytes: touching a mapping of it is a bus error.
    static int emptyFile() {
        try (Arena arena = Arena.ofConfined()) {
            int descriptor =
                    (int) MEMFD_CREATE.invokeExact(arena.allocateFrom("dead"), MFD_CLOEXEC);
            if (descriptor < 0) {
                throw new IllegalStateException("memfd_create failed");
            }
            return descriptor;
        } catch (Throwable problem) {
            throw failure(problem);
        }
    }

    /// Maps `bytes` at `address` (0: anywhere), readable and writable; answers the address.
    ///
    /// @throws OutOfMemoryError when the system refuses
    static long map(long address, long bytes, int flags, int descriptor, long offset) {
        try {
            long result =
                    (long)
                            MMAP.invokeExact(
                                    address, bytes, PROT_READ_WRITE, flags, descriptor, offset);
            if (result == MAP_FAILED) {
                throw new OutOfMemoryError("mmap of " + bytes + " bytes refused");
            }
            return result;
        } catch (Throwable problem) {
            throw failure(problem);
        }
    }

    static void unmap(long address, long bytes) {
        try {
            int ignored = (int) MUNMAP.invokeExact(address, bytes);
        } catch (Throwable problem) {
            throw failure(problem);
        }
    }

    static void close(int descriptor) {
        try {
            int ignored = (int) CLOSE.invokeExact(descriptor);
        } catch (Throwable problem) {
            throw failure(problem);
        }
    }

    private static RuntimeException failure(Throwable problem) {
        return switch (problem) {
            case RuntimeException exception -> exception;
            case Error error -> throw error;
            default -> new IllegalStateException(problem);
        };
    }
}
