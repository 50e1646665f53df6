package org.bitfusion.gpu.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.bitfusion.gpu.CudaStatus;
import org.jspecify.annotations.Nullable;

/// Finds the driver's library and its functions. A function that this driver is too old for answers
/// NOT_SUPPORTED.
final class CudaLibraryLoader {
    /// Names the library instead of the system's `libcuda.so.1`.
    static final String LIBRARY_PROPERTY = "bitfusion.libcuda";

    private static final Linker LINKER = Linker.nativeLinker();
    private static final @Nullable SymbolLookup LIBRARY = open();

    private CudaLibraryLoader() {}

    /// Whether this machine has a driver at all.
    static boolean isPresent() {
        return LIBRARY != null;
    }

    static MethodHandle function(String name, FunctionDescriptor descriptor) {
        SymbolLookup library = LIBRARY;
        if (library == null) {
            return unsupported(descriptor.toMethodType());
        }
        return library.find(name)
                .map(address -> LINKER.downcallHandle(address, descriptor))
                .orElseGet(() -> unsupported(descriptor.toMethodType()));
    }

    private static MethodHandle unsupported(MethodType type) {
        MethodHandle answer = MethodHandles.constant(int.class, CudaStatus.NOT_SUPPORTED.code());
        return MethodHandles.dropArguments(answer, 0, type.parameterList());
    }

    private static @Nullable SymbolLookup open() {
        try {
            return SymbolLookup.libraryLookup(
                    System.getProperty(LIBRARY_PROPERTY, "libcuda.so.1"), Arena.global());
        } catch (IllegalArgumentException absent) {
            return null;
        }
    }
}
