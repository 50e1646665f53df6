package org.bitfusion.gpu.soft.module;

import org.bitfusion.gpu.CudaStatus;

/// A launch that cannot happen, found when its turn came. The context goes on.
public final class LaunchRefused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final CudaStatus status;

    public LaunchRefused(CudaStatus status, String message) {
        super(message, null, false, false);
        this.status = status;
    }

    public CudaStatus status() {
        return status;
    }
}
