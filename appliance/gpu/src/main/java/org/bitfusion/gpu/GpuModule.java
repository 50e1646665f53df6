package org.bitfusion.gpu;

import java.util.List;

/// Code and variables loaded into a context.
public interface GpuModule extends AutoCloseable {
    /// A variable of the module.
    record Global(long address, long bytes) {}

    /// NOT_FOUND when there is no kernel of that name.
    Outcome<GpuFunction> function(String name);

    /// NOT_FOUND when there is no variable of that name.
    Outcome<Global> global(String name);

    /// Names of all kernels.
    List<String> functionNames();

    /// Unloads; kernels that run finish first.
    @Override
    void close();
}
