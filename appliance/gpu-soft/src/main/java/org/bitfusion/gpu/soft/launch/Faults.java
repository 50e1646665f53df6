package org.bitfusion.gpu.soft.launch;

import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.soft.execution.KernelFault;
import org.bitfusion.gpu.soft.module.LaunchRefused;
import org.bitfusion.ptx.PtxException;

/// What a failure inside a kernel or copy means to CUDA.
public final class Faults {
    private Faults() {}

    /// Dead pages give InternalError, addresses far outside IndexOutOfBoundsException, misaligned
    /// accesses IllegalArgumentException, endless recursion StackOverflowError.
    public static CudaStatus statusOf(Throwable problem) {
        return switch (problem) {
            case KernelFault fault -> CudaStatus.of(fault.status());
            case InternalError _, IndexOutOfBoundsException _ -> CudaStatus.ILLEGAL_ADDRESS;
            case IllegalArgumentException _ -> CudaStatus.MISALIGNED_ADDRESS;
            case StackOverflowError _ -> CudaStatus.HARDWARE_STACK_ERROR;
            case LaunchRefused refused -> refused.status();
            case PtxException _ -> CudaStatus.INVALID_PTX;
            case OutOfMemoryError _ -> CudaStatus.LAUNCH_OUT_OF_RESOURCES;
            default -> CudaStatus.LAUNCH_FAILED;
        };
    }

    public static String describe(Throwable problem) {
        String message = problem.getMessage();
        boolean own = problem instanceof KernelFault || problem instanceof LaunchRefused;
        return own && message != null
                ? message
                : problem.getClass().getSimpleName() + (message == null ? "" : ": " + message);
    }
}
