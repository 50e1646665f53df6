package org.bitfusion.scheduler;

import java.util.Arrays;
import java.util.List;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Gpu;

/// What is free on one appliance now. GPUs are named by their place in [Appliance#gpus].
///
/// @param position of the appliance in the [Topology]
/// @param reserved MiB by which something other than leases uses each GPU
/// @param free MiB that neither leases nor reservations use; below 0 where both together are more
///   than there is
@SuppressWarnings(
        "ArrayRecordComponent") // on the hot path: never changed once made, never compared
record Room(Appliance appliance, int position, int[] reserved, int[] free) {
    /// With no lease.
    static Room of(Appliance appliance, int position) {
        List<Gpu> gpus = appliance.gpus();
        int[] reserved = gpus.stream().mapToInt(Gpu::reservedMiB).toArray();
        int[] free = gpus.stream().mapToInt(gpu -> gpu.memoryMiB() - gpu.reservedMiB()).toArray();
        return new Room(appliance, position, reserved, free);
    }

    boolean isAvailable() {
        return appliance.state() == ApplianceState.AVAILABLE;
    }

    int memory(int place) {
        return appliance.gpus().get(place).memoryMiB();
    }

    /// @return -1 if the appliance has no such GPU
    int place(int gpuIndex) {
        List<Gpu> gpus = appliance.gpus();
        if (gpuIndex < gpus.size() && gpus.get(gpuIndex).index() == gpuIndex) {
            return gpuIndex;
        }
        for (int place = 0; place < gpus.size(); place++) {
            if (gpus.get(place).index() == gpuIndex) {
                return place;
            }
        }
        return -1;
    }

    /// @param leasedMiB by how much more leases use each GPU; below 0 where they use less
    Room withLeased(int[] leasedMiB) {
        int[] now = free.clone();
        for (int place = 0; place < now.length; place++) {
            now[place] -= leasedMiB[place];
        }
        return new Room(appliance, position, reserved, now);
    }

    Room withReserved(int place, int reservedMiB) {
        int[] nowReserved = reserved.clone();
        int[] nowFree = free.clone();
        nowFree[place] += nowReserved[place] - reservedMiB;
        nowReserved[place] = reservedMiB;
        return new Room(appliance, position, nowReserved, nowFree);
    }

    @Override
    public String toString() {
        return "(%s %d %s %s)"
                .formatted(
                        appliance.id(), position, Arrays.toString(reserved), Arrays.toString(free));
    }

    /// The appliance with the reservations that it has now.
    Appliance shown() {
        Gpu[] gpus = appliance.gpus().toArray(Gpu[]::new);
        for (int place = 0; place < gpus.length; place++) {
            gpus[place] = gpus[place].withReserved(reserved[place]);
        }
        return appliance.withGpus(Arrays.asList(gpus));
    }
}
