package org.bitfusion.gpu.soft.execution;

/// What kernels can ask of the device besides instructions. Called by several cores at once.
public interface DeviceServices {
    /// `vprintf`: both addresses are generic; answers the number of arguments, or -1 when the
    /// buffer is full.
    int print(long formatAddress, long argumentsAddress);

    /// `malloc`: a generic address of at least `byteCount` bytes aligned to 16, or 0.
    long allocate(long byteCount);

    /// `free`; 0 is allowed.
    ///
    /// @throws KernelFault when the address was not given by [#allocate]
    void free(long address);

    /// `__assertfail`: reports, and returns the fault to throw; the string addresses are generic.
    KernelFault assertionFailed(
            long messageAddress,
            long fileAddress,
            int line,
            long functionAddress,
            ThreadPosition position);

    /// `%clock64`: counts up at about one per nanosecond.
    long clock();

    /// `%globaltimer`: nanoseconds since the epoch.
    long globalTimer();

    /// Number of multiprocessors that `%nsmid` reports.
    int multiprocessors();
}
