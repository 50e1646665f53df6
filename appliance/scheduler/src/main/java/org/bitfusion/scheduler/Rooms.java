package org.bitfusion.scheduler;

import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;

/// The appliances and what is free on them. It never changes. GPUs that leases hold but nobody has
/// are passed over: their appliance is gone, the lease not yet.
record Rooms(Topology topology, RoomTree tree) {
    static Rooms of(Collection<Appliance> appliances, Holdings holdings) {
        Topology topology = new Topology(appliances);
        List<Room> rooms = topology.emptyRooms();
        holdings.leases().forEach((_, lease) -> occupy(topology, rooms, lease));
        return new Rooms(topology, RoomTree.of(rooms));
    }

    private static void occupy(Topology topology, List<Room> rooms, Lease lease) {
        if (lease.parent() != null) {
            return;
        }
        for (LeasedGpu gpu : lease.gpus()) {
            int position = topology.position(gpu.appliance());
            int place = position < 0 ? -1 : rooms.get(position).place(gpu.gpuIndex());
            if (place >= 0) {
                rooms.get(position).free()[place] -= gpu.memoryMiB();
            }
        }
    }

    /// @throws IllegalArgumentException if the pool has no such appliance
    Room room(UUID appliance) {
        int position = topology.position(appliance);
        if (position < 0) {
            throw new IllegalArgumentException(
                    "appliance: " + appliance + " (expected: one of the pool)");
        }
        return tree.room(position);
    }

    Rooms with(Room room) {
        return new Rooms(topology, tree.with(room));
    }

    /// A lease of the pool takes what it holds.
    Rooms with(Lease lease) {
        return new Rooms(topology, changed(lease, 1));
    }

    /// A lease of the pool gives back what it holds.
    Rooms without(Lease lease) {
        return new Rooms(topology, changed(lease, -1));
    }

    private RoomTree changed(Lease lease, int sign) {
        RoomTree now = tree;
        List<LeasedGpu> gpus = lease.gpus();
        int next;
        for (int i = 0; i < gpus.size(); i = next) {
            UUID appliance = gpus.get(i).appliance();
            next = i;
            while (next < gpus.size() && gpus.get(next).appliance().equals(appliance)) {
                next++;
            }
            int position = topology.position(appliance);
            if (position >= 0) {
                now = now.with(changed(now.room(position), gpus.subList(i, next), sign));
            }
        }
        return now;
    }

    private static Room changed(Room room, List<LeasedGpu> gpus, int sign) {
        int[] leased = new int[room.free().length];
        for (LeasedGpu gpu : gpus) {
            int place = room.place(gpu.gpuIndex());
            if (place >= 0) {
                leased[place] += sign * gpu.memoryMiB();
            }
        }
        return room.withLeased(leased);
    }
}
