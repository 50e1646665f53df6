package org.bitfusion.gpu;

import java.util.List;

/// The GPUs of this machine as one client process uses them. All objects of the family may be used
/// by any thread; the order of operations in one stream is the order of the calls. No method waits
/// for a device: what takes time is told to a [Completion] later.
public interface GpuDriver extends AutoCloseable {
    /// What cuDriverGetVersion answers, for instance 13000.
    int version();

    List<GpuDevice> devices();

    /// @param flags CU_CTX_* flags
    Outcome<GpuContext> createContext(GpuDevice device, int flags);

    /// Whether something is queued or runs, in whichever stream. Where that is not known at once it
    /// is found out, and answered true meanwhile.
    boolean isWorking();

    /// Ends everything at once, running kernels included, and gives all memory back.
    @Override
    void close();
}
