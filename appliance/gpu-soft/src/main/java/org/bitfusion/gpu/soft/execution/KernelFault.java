package org.bitfusion.gpu.soft.execution;

/// A kernel that cannot go on. Carries the CUDA status that the context reports from then on.
public final class KernelFault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// CUresult numbers of execution errors.
    public static final int ILLEGAL_ADDRESS = 700;

    public static final int ASSERT = 710;
    public static final int HARDWARE_STACK_ERROR = 714;
    public static final int ILLEGAL_INSTRUCTION = 715;
    public static final int MISALIGNED_ADDRESS = 716;
    public static final int INVALID_ADDRESS_SPACE = 717;
    public static final int INVALID_PC = 718;
    public static final int LAUNCH_FAILED = 719;

    private final int status;

    public KernelFault(int status, String message) {
        super(message, null, false, false);
        this.status = status;
    }

    /// The CUresult number.
    public int status() {
        return status;
    }
}
