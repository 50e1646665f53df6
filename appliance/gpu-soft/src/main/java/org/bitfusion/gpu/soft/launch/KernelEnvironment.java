package org.bitfusion.gpu.soft.launch;

import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.bitfusion.gpu.soft.execution.DeviceServices;
import org.bitfusion.gpu.soft.execution.LaunchContext;
import org.bitfusion.gpu.soft.memory.WindowMemory;
import org.jspecify.annotations.Nullable;

/// What every launch in a context has at hand.
///
/// @param threads runs the blocks that the stream's own thread leaves
/// @param cores threads that one launch uses at most
/// @param stackLimit bytes per thread that recursion may use
/// @param cancelled true when the context is gone: blocks are to stop
public record KernelEnvironment(
        WindowMemory window,
        Executor threads,
        int cores,
        int multiprocessors,
        DeviceServices services,
        LongSupplier stackLimit,
        BooleanSupplier cancelled,
        LaunchContext.@Nullable AccessCheck accessCheck,
        LaunchContext.@Nullable CoverageRecorder coverage) {}
