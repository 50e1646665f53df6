package org.bitfusion.gpu.soft.module;

import java.util.List;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.soft.execution.ProgramFactory;
import org.bitfusion.gpu.soft.memory.WindowMemory;

/// What a module needs of the context that it is loaded into.
public interface ModuleHost {
    WindowMemory window();

    /// Device memory for variables; an address.
    Outcome<Long> allocate(long bytes, long alignment);

    /// Gives that memory back when kernels that use it are over.
    void free(long address);

    /// Ways to execute kernels, the preferred one first.
    List<ProgramFactory> programFactories();

    /// Compute capability times ten: 80 for 8.0.
    int capability();
}
