package org.bitfusion.gpu.soft.execution;

import org.jspecify.annotations.Nullable;

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
    private final @Nullable Long outside;

    public KernelFault(int status, String message) {
        this(status, message, null);
    }

    private KernelFault(int status, String message, @Nullable Long outside) {
        super(message, null, false, false);
        this.status = status;
        this.outside = outside;
    }

    /// An access of an address that belongs to no device.
    public static KernelFault outside(long address) {
        return new KernelFault(
                ILLEGAL_ADDRESS, "address 0x%x is not device memory".formatted(address), address);
    }

    /// The same fault, described better.
    public KernelFault described(String message) {
        return new KernelFault(status, message, outside);
    }

    /// The address that belongs to no device, if that was the fault.
    public @Nullable Long outsideAddress() {
        return outside;
    }

    /// The CUresult number.
    public int status() {
        return status;
    }
}
