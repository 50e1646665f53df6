package org.bitfusion.gpu;

import java.util.List;

/// A kernel of a module.
public interface GpuFunction {
    /// Where a parameter lies in the packed parameters.
    record Parameter(int offset, int bytes) {}

    String name();

    GpuModule module();

    List<Parameter> parameters();

    /// @param attribute CUfunction_attribute number
    Outcome<Integer> attribute(int attribute);

    CudaStatus setAttribute(int attribute, int value);

    /// Blocks that can be resident on one multiprocessor at once.
    Outcome<Integer> occupancy(int blockSize, long dynamicSharedBytes, int flags);
}
