package org.bitfusion.scheduler;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.request.Choice;

/// Which appliances there are, and their order: those with the same GPUs side by side. It changes
/// only when an appliance joins, leaves or changes its state, so that what a [Choice] lets pass is
/// worked out once.
final class Topology {
    private static final int REMEMBERED = 1_024;
    private static final Comparator<Appliance> ORDER =
            Comparator.comparingInt(Topology::largestMemory).thenComparing(Appliance::id);

    private final List<Appliance> appliances;
    private final Map<UUID, Integer> positions = new HashMap<>();
    private final Eligible all;
    private final Map<Choice, Eligible> remembered = new ConcurrentHashMap<>();

    Topology(Collection<Appliance> unordered) {
        appliances = unordered.stream().sorted(ORDER).toList();
        for (int position = 0; position < appliances.size(); position++) {
            positions.put(appliances.get(position).id(), position);
        }
        all = Eligible.of(this, Choice.ANY);
    }

    private static int largestMemory(Appliance appliance) {
        return appliance.gpus().stream().mapToInt(Gpu::memoryMiB).max().orElse(0);
    }

    List<Appliance> appliances() {
        return appliances;
    }

    /// @return -1 if there is no such appliance
    int position(UUID appliance) {
        return positions.getOrDefault(appliance, -1);
    }

    Eligible eligible(Choice choice) {
        if (choice.isAny()) {
            return all;
        }
        Eligible known = remembered.get(choice);
        if (known == null) {
            known = Eligible.of(this, choice);
            if (remembered.size() >= REMEMBERED) {
                remembered.clear();
            }
            remembered.put(choice, known);
        }
        return known;
    }

    List<Room> emptyRooms() {
        List<Room> rooms = new ArrayList<>(appliances.size());
        for (Appliance appliance : appliances) {
            rooms.add(Room.of(appliance, rooms.size()));
        }
        return rooms;
    }
}
