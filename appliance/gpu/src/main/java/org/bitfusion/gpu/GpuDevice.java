package org.bitfusion.gpu;

/// One GPU.
public interface GpuDevice {
    /// Position in [GpuDriver#devices].
    int index();

    /// Name, UUID, memory and attributes, honest: a feature that is not carried answers 0.
    DeviceSnapshot snapshot();

    /// Whether kernels of this device may use the memory of `peer`.
    boolean canAccess(GpuDevice peer);

    /// Free bytes of the whole device, whoever uses the rest.
    long freeMemory();
}
