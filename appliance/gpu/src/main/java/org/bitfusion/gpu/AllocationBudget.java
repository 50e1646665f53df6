package org.bitfusion.gpu;

/// The share of device memory that one client may use. A driver asks it before it takes memory for
/// the client in any way (plain, pitched, stream-ordered, pools, modules' variables) and tells it
/// when memory is given back. Called by several threads; answers at once, but for a moment in which
/// another that holds memory of the share is about to end.
public interface AllocationBudget {
    /// Sets bytes aside.
    ///
    /// @param device index of the device in [GpuDriver#devices]
    /// @return false when the share is used up: the allocation fails as out of memory
    boolean reserve(int device, long bytes);

    /// Gives bytes back that were set aside.
    void release(int device, long bytes);

    /// The whole share in bytes: what the device shows as its total memory when that is less than
    /// what it has.
    long limit(int device);

    /// Bytes of the share that nobody uses now, as far as they can be allocated.
    long available(int device);

    /// No limit but the device's own memory.
    AllocationBudget UNLIMITED =
            new AllocationBudget() {
                @Override
                public boolean reserve(int device, long bytes) {
                    return true;
                }

                @Override
                public void release(int device, long bytes) {}

                @Override
                public long limit(int device) {
                    return Long.MAX_VALUE;
                }

                @Override
                public long available(int device) {
                    return Long.MAX_VALUE;
                }
            };
}
