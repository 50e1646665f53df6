package org.bitfusion.gpu.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuFunction;
import org.bitfusion.gpu.GpuModule;
import org.bitfusion.gpu.ModuleImage;
import org.bitfusion.gpu.Outcome;

/// A module that the driver loaded; it keeps a copy of what it needs of the image.
final class CudaGpuModule implements GpuModule {
    private final CudaGpuContext context;
    private final long handle;
    private final long variableBytes;

    private CudaGpuModule(CudaGpuContext context, long handle, long variableBytes) {
        this.context = context;
        this.handle = handle;
        this.variableBytes = variableBytes;
    }

    /// The context must be current.
    static Outcome<GpuModule> load(CudaGpuContext context, ModuleImage image) {
        long bytes = VariableBytes.of(image);
        if (!context.reserve(bytes)) {
            return Outcome.failed(CudaStatus.OUT_OF_MEMORY, image.name());
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment content = MemorySegment.ofBuffer(image.content());
            // One byte more: PTX text ends with a NUL.
            MemorySegment copy = arena.allocate(content.byteSize() + 1, 16);
            MemorySegment.copy(content, 0, copy, 0, content.byteSize());
            Outcome<Long> handle =
                    Scratch.longFrom(room -> CudaLibrary.cuModuleLoadData(room, copy));
            return switch (handle) {
                case Outcome.Success<Long> success ->
                        Outcome.of(new CudaGpuModule(context, success.value(), bytes));
                case Outcome.Failure<Long> failure -> {
                    context.release(bytes);
                    yield Outcome.failed(context.noted(failure.status()), image.name());
                }
            };
        }
    }

    @Override
    public Outcome<GpuFunction> function(String name) {
        context.makeCurrent();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(name);
            return Scratch.longFrom(room -> CudaLibrary.cuModuleGetFunction(room, handle, text))
                    .map(function -> new CudaGpuFunction(context, this, name, function));
        }
    }

    @Override
    public Outcome<Global> global(String name) {
        context.makeCurrent();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(name);
            return Scratch.pairFrom(room ->
                            CudaLibrary.cuModuleGetGlobal_v2(room, room.asSlice(8), handle, text))
                    .map(pair -> new Global(pair[0], pair[1]));
        }
    }

    /// Empty on a driver before 12.4, which has no such list; the client knows the names from the
    /// image.
    @Override
    public List<String> functionNames() {
        context.makeCurrent();
        int count =
                Scratch.intFrom(room -> CudaLibrary.cuModuleGetFunctionCount(room, handle))
                                instanceof Outcome.Success<Integer> success
                        ? success.value()
                        : 0;
        List<String> names = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment functions = arena.allocate(ValueLayout.JAVA_LONG, Math.max(1, count));
            if (CudaLibrary.cuModuleEnumerateFunctions(functions, count, handle) != 0) {
                return List.of();
            }
            for (int index = 0; index < count; index++) {
                long function = functions.getAtIndex(ValueLayout.JAVA_LONG, index);
                if (Scratch.longFrom(room -> CudaLibrary.cuFuncGetName(room, function))
                        instanceof Outcome.Success<Long>(Long address)) {
                    names.add(
                            MemorySegment.ofAddress(address)
                                    .reinterpret(Integer.MAX_VALUE)
                                    .getString(0));
                }
            }
        }
        return names;
    }

    @Override
    public void close() {
        if (context.isIdle()) {
            unload();
        } else {
            context.whenIdle(_ -> context.driver().release(this::unload));
        }
    }

    private void unload() {
        if (!context.isClosed()) {
            context.makeCurrent();
            DriverCall.checked("cuModuleUnload", CudaLibrary.cuModuleUnload(handle));
            context.release(variableBytes);
        }
    }
}
