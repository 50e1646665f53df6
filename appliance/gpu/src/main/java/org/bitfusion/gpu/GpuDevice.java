package org.bitfusion.gpu;

/// One GPU.
public interface GpuDevice {
    /// A range of addresses.
    record Window(long base, long bytes) {}

    /// Position in [GpuDriver#devices].
    int index();

    /// Name, UUID, memory and attributes, honest: a feature that is not carried answers 0.
    DeviceSnapshot snapshot();

    /// The part of the client's window in which the addresses of its memory lie; empty when they
    /// may lie anywhere.
    Window window();

    /// Whether kernels of this device may use the memory of `peer`.
    boolean canAccess(GpuDevice peer);

    /// Free bytes of the whole device, whoever uses the rest.
    long freeMemory();
}
