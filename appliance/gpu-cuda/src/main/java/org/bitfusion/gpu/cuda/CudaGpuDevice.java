package org.bitfusion.gpu.cuda;

import org.bitfusion.gpu.DeviceSnapshot;
import org.bitfusion.gpu.GpuDevice;
import org.bitfusion.gpu.Outcome;

/// One device; its ordinal in the driver is its index.
record CudaGpuDevice(int index, DeviceSnapshot snapshot, Window window) implements GpuDevice {
    @Override
    public boolean canAccess(GpuDevice peer) {
        return Scratch.intFrom(room -> CudaLibrary.cuDeviceCanAccessPeer(room, index, peer.index()))
                        instanceof Outcome.Success<Integer> success
                && success.value() == 1;
    }

    /// The whole device's: as the current context of the calling thread sees it, else its total.
    @Override
    public long freeMemory() {
        long[] both =
                Scratch.pairFrom(room -> CudaLibrary.cuMemGetInfo_v2(room, room.asSlice(8)))
                        .valueOrNull();
        return both == null ? snapshot.totalMemory() : both[0];
    }
}
