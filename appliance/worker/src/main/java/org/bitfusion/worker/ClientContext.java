package org.bitfusion.worker;

import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuContext;

/// A context of the client, and the first error in it that nobody has been told of.
final class ClientContext {
    private final long handle;
    private final int device;
    private final GpuContext gpu;
    private CudaStatus deferred = CudaStatus.SUCCESS;
    private final Object outputLock = new Object();

    /// @param device index in the driver
    ClientContext(long handle, int device, GpuContext gpu) {
        this.handle = handle;
        this.device = device;
        this.gpu = gpu;
    }

    long handle() {
        return handle;
    }

    int device() {
        return device;
    }

    GpuContext gpu() {
        return gpu;
    }

    /// Held by who takes what kernels have printed, until it is sent.
    Object outputLock() {
        return outputLock;
    }

    /// What [#takeError] would say; it stays to be told.
    synchronized CudaStatus pendingError() {
        CudaStatus execution = gpu.takeError();
        if (deferred == CudaStatus.SUCCESS) {
            deferred = execution;
        }
        return deferred;
    }

    /// A call that is not answered has failed. The first error stays.
    synchronized void defer(CudaStatus status) {
        if (deferred == CudaStatus.SUCCESS) {
            deferred = status;
        }
    }

    /// What the next answer says before anything else: the error of execution, which the context
    /// keeps if it is sticky, or the deferred one, which is told once.
    synchronized CudaStatus takeError() {
        CudaStatus execution = gpu.takeError();
        if (execution != CudaStatus.SUCCESS) {
            return execution;
        }
        CudaStatus told = deferred;
        deferred = CudaStatus.SUCCESS;
        return told;
    }
}
