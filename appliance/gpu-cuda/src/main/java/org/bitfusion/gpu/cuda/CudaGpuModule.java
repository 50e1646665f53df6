package org.bitfusion.gpu.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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

    private CudaGpuModule(CudaGpuContext context, long handle) {
        this.context = context;
        this.handle = handle;
    }

    static Outcome<GpuModule> load(CudaGpuContext context, ModuleImage image) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment content = MemorySegment.ofBuffer(image.content());
            // One byte more: PTX text ends with a NUL.
            MemorySegment copy = arena.allocate(content.byteSize() + 1, 16);
            MemorySegment.copy(content, 0, copy, 0, content.byteSize());
            Outcome<Long> handle =
                    Scratch.longFrom(room -> CudaLibrary.cuModuleLoadData(room, copy));
            return switch (handle) {
                case Outcome.Success<Long> success ->
                        Outcome.of(new CudaGpuModule(context, success.value()));
                case Outcome.Failure<Long> failure ->
                        Outcome.failed(failure.status(), image.name());
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

    /// The driver has no such list before version 12.4: empty, the client knows the names from the
    /// image.
    @Override
    public List<String> functionNames() {
        return List.of();
    }

    @Override
    public void close() {
        context.whenIdle(ignored -> {
            context.makeCurrent();
            CudaStatus.of(CudaLibrary.cuModuleUnload(handle));
        });
    }
}
